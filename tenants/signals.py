"""What other apps hang on a tenant joins in here. All are sent inside the transaction of the change:
a receiver that raises undoes all of it, and must do nothing outside the database.

`tenant_created`: `tenant`, `acting_user` (None: the system).
`domain_wanted`: `domain_name`: somebody wants to prove it. A receiver raises a Refusal where the installation
does not let that be.
`domain_proven`: `proof` (a DomainProof, proven just now, for the first time), `acting_user`. What follows from
a proof begins here. Until then only the proof is noted, and the domain is verified where the proof's tenant
holds it already.
`domain_changed_hands`: `domain_name`, which was added to a tenant, released to one, or removed, without any account going
along. A domain that is taken over, handed over or given back sends no signal: see tenants/takeover/registry.py. Nor does
one that comes with a new tenant, whose accounts are all still to come.
`address_changed`: `user`, with their new primary address, `acting_user`.
`account_shut`: `user`, as they were a moment before, `state` (what they have become: disabled, deleted or
closed), `acting_user`. Whatever lets somebody in by itself (sessions, tokens) ends here, at once.
`takeover_noted`: `takeover`, `what` (the action in the audit log: `takeover.done`, `.undone`, `.stopped` …),
`tenant_id`: in whose log it is. Sent once for each of the tenants that a takeover concerns.
`group_looked_at`: `group`, before somebody deletes it; nothing has changed. Receivers answer with a list of sentences
that say what goes with it.
"""

from __future__ import annotations

from django.dispatch import Signal

tenant_created = Signal()
domain_wanted = Signal()
domain_proven = Signal()
domain_changed_hands = Signal()
address_changed = Signal()
account_shut = Signal()
takeover_noted = Signal()
group_looked_at = Signal()
