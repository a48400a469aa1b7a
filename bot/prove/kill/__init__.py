"""The bot killed with SIGKILL at random moments of the demo's fortnight: nothing that was confirmed may be lost.

`director` plays the story and kills; `cradle` brings up the bot, `bot_process`, again and again; `chronicle` reads from
the database what a life has led to, so that two can be compared.
"""
