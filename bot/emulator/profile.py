"""Bot API methods about the bot itself: who it is, its menus and descriptions, its webhook, who it talks to."""

from collections.abc import Callable
from typing import Any

from bot.emulator.call import Call, known, reachable, whole
from bot.emulator.refuse import SCOPES, TERMINATED_BY_WEBHOOK, bad_request, bot_commands, conflict

Json = dict[str, Any]


def get_me(call: Call) -> Json:
    """The bot itself."""
    call.note("called")
    flags = "can_join_groups can_read_all_group_messages supports_inline_queries can_connect_to_business"
    return call.world.bot | dict.fromkeys([*flags.split(), "has_main_web_app"], False)


def get_chat(call: Call) -> Json:
    """The private chat with a person who started the bot."""
    person = known(call.world, call.params)
    if not person.started:
        raise bad_request("chat not found")
    call.note("called")
    kinds = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(kinds.split(), True)}
    return person.as_chat() | more


def _scope(call: Call) -> tuple[str, int, int, str]:
    scope = call.params.get("scope", {"type": "default"})
    if str(scope.get("type")) not in SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    try:
        chat, user = whole(scope.get("chat_id", 0)), whole(scope.get("user_id", 0))
    except ValueError:
        raise bad_request("chat not found") from None
    if scope["type"].startswith("chat"):
        reachable(call.world, {"chat_id": chat})
    return scope["type"], chat, user, call.params.get("language_code", "")


def set_my_commands(call: Call) -> bool:
    """Set the menu of one scope and language."""
    commands = bot_commands(call.params.get("commands", []))
    call.world.commands[_scope(call)] = commands
    return call.done()


def get_my_commands(call: Call) -> list[Json]:
    """The menu set for exactly this scope and language."""
    call.note("called")
    return call.world.commands.get(_scope(call), [])


def delete_my_commands(call: Call) -> bool:
    """Take the menu of one scope and language away."""
    call.world.commands.pop(_scope(call), None)
    return call.done()


def _describe(field: str, most: int) -> Callable[[Call], bool]:
    def describe(call: Call) -> bool:
        words = call.params.get(field, "")
        if len(words) > most:
            raise bad_request(f"{field.replace('_', ' ')} is too long")
        call.world.descriptions[field, call.params.get("language_code", "")] = words
        return call.done()

    return describe


def _described(field: str) -> Callable[[Call], Json]:
    def described(call: Call) -> Json:
        call.note("called")
        return {field: call.world.descriptions.get((field, call.params.get("language_code", "")), "")}

    return described


def set_webhook(call: Call) -> bool:
    """Remember a webhook: nothing is delivered there, but getUpdates is refused as long as it is set."""
    url = call.params.get("url", "")
    if url and not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    updates = call.world.updates
    if url:
        updates.interrupt(conflict(TERMINATED_BY_WEBHOOK))
    updates.webhook = url
    if call.params.get("drop_pending_updates"):
        updates.drop_all()
    return call.done()


def get_webhook_info(call: Call) -> Json:
    """Whether a webhook is set, and how many updates wait."""
    call.note("called")
    updates = call.world.updates
    return {"url": updates.webhook, "has_custom_certificate": False, "pending_update_count": len(updates)}


METHODS: dict[str, Callable[[Call], Any]] = {
    "getMe": get_me,
    "getChat": get_chat,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": _describe("description", 512),
    "getMyDescription": _described("description"),
    "setMyShortDescription": _describe("short_description", 120),
    "getMyShortDescription": _described("short_description"),
    "setWebhook": set_webhook,
    "deleteWebhook": set_webhook,
    "getWebhookInfo": get_webhook_info,
}
