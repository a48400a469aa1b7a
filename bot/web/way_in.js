// What stands after the "#" of a link stays in the browser; it goes into the form, and is sent when the button is pressed.
(function () {
  var field = document.getElementById("token"), byHand = document.getElementById("by-hand");
  function take() {
    var token = location.hash.slice(1);
    if (token) {
      field.value = token;
      byHand.hidden = true;
    }
  }
  window.addEventListener("hashchange", take);
  take();
}());
