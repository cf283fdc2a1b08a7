// The fields that complete what is typed have no name of their own for screen readers: they get their label's.
"use strict";

// Behind the script of the administration, which waits for the same.
django.jQuery(() => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    const shown = document.getElementById(`select2-${select.id}-container`);
    if (!label || !shown) continue;
    label.id = label.id || `${select.id}_label`;
    shown.removeAttribute("role");
    shown.removeAttribute("aria-readonly");
    shown.parentElement.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
  }
});
