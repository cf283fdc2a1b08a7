"""What other apps hang on a tenant joins in here. Both are sent inside the transaction of the change:
a receiver that raises undoes all of it, and must do nothing outside the database.

`tenant_created`: `tenant`, `acting_user` (None: the system).
`tenant_moved`: `source` and `target` tenants, `domain`, `acting_user`: everything that belongs to
`domain` goes from `source` to `target`.
"""

from __future__ import annotations

from django.dispatch import Signal

tenant_created = Signal()
tenant_moved = Signal()
