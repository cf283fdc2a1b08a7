"""What follows from changes of subscriptions joins in here. All are sent inside the transaction of the change:
a receiver that raises undoes all of it, and must do nothing outside the database.

`subscription_changed`: `subscription` as it is now, `what` (the action in the audit log: `subscription.created`,
`.changed`, `.plan_changed`, `.renewed`, `.cancelled`, `.cancels_at_end`, `.state_changed`), `details` (what the log
has beyond the subscription: `before`, `state`, `reached_at`), `acting_user` (None: the system, or whoever runs its commands).
`unit_changed`: `subscription` (one whose units were bought), `what` (`licence.assigned`, `licence.removed`). Who got
or lost it is not said.
`order_changed`: `order`, `what` (`order.placed`, `.confirmed`, `.refused`, `.withdrawn`). Whoever has payment
done joins in at `order.placed`, or follows it by a webhook.
"""

from __future__ import annotations

from django.dispatch import Signal

subscription_changed = Signal()
unit_changed = Signal()
order_changed = Signal()
