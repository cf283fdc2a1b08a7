// A form that comes back with errors begins at what says so, for whoever uses a keyboard or a screen reader.
"use strict";

const told = document.querySelector('#content :is(.errornote, [aria-invalid="true"])');
if (told) {
  if (told.matches(".errornote")) told.tabIndex = -1;
  told.focus();
}
