"""The rule of units that were bought, held by the database: never more are assigned than there are, and each to
somebody of the organisation that bought them.

On PostgreSQL constraint triggers look when the transaction commits, so that a takeover may move a subscription and
its people one after the other. They hold the subscription until then: of two who assign the last unit at once
without asking for the lock (`services.locked`) the later one finds the earlier one's, and is refused; so is whoever
gives a unit to somebody who goes to another organisation at that instant, or who carries them there. Units of an open
pool are not looked at, so that those who sign up at once do not wait for each other.

SQLite has no triggers that wait for the end, and one who writes at a time: there the lock's callers count, as everywhere.
"""

from __future__ import annotations

from audit.schema import HoldRule

TOO_MANY = "Never more units are assigned than were bought."
OTHER_TENANT = "A unit that was bought belongs to somebody of the organisation that bought it."
NAMES = ("subscriptions_unit_rule", "subscriptions_bought_rule", "subscriptions_holder_rule")
RAISE = "RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"
STRAYS = """
    SELECT 1 FROM subscriptions_assignedlicence l
    JOIN subscriptions_subscription s ON s.id = l.subscription_id
    JOIN tenants_user u ON u.id = l.user_id
    WHERE s.units IS NOT NULL AND s.cancelled_at IS NULL AND u.tenant_id IS DISTINCT FROM s.tenant_id
"""
OF_UNITS = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bought integer; used integer; which uuid := {which};
BEGIN
  SELECT units INTO bought FROM subscriptions_subscription WHERE id = which;
  IF bought IS NULL THEN RETURN NULL; END IF;
  SELECT units INTO bought FROM subscriptions_subscription WHERE id = which FOR NO KEY UPDATE;
  SELECT count(*) INTO used FROM subscriptions_assignedlicence WHERE subscription_id = which;
  IF used > bought THEN {too_many} END IF;
  IF EXISTS ({strays} AND {mine}) THEN {other} END IF;
  RETURN NULL;
END $$
"""
OF_HOLDERS = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM subscriptions_subscription
    WHERE tenant_id = OLD.tenant_id AND units IS NOT NULL AND cancelled_at IS NULL ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS ({strays} AND l.user_id = NEW.id) THEN {other} END IF;
  RETURN NULL;
END $$
"""
TRIGGER = (
    "CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}()"
)


def _statements() -> list[str]:
    unit, bought, holder = NAMES
    words = {
        name: {
            "name": name,
            "too_many": RAISE.format(text=TOO_MANY, name=name),
            "other": RAISE.format(text=OTHER_TENANT, name=name),
            "strays": STRAYS,
        }
        for name in NAMES
    }
    return [
        OF_UNITS.format(**words[unit], which="NEW.subscription_id", mine="l.id = NEW.id"),
        OF_UNITS.format(**words[bought], which="NEW.id", mine="l.subscription_id = NEW.id"),
        OF_HOLDERS.format(**words[holder]),
        TRIGGER.format(
            name=unit,
            event="INSERT OR UPDATE OF subscription_id, user_id",
            table="subscriptions_assignedlicence",
        ),
        TRIGGER.format(
            name=bought,
            event="UPDATE OF units, tenant_id, cancelled_at",
            table="subscriptions_subscription",
        ),
        TRIGGER.format(name=holder, event="UPDATE OF tenant_id", table="tenants_user"),
    ]


class HoldUnitRule(HoldRule):
    functions = NAMES

    def statements(self) -> list[str]:
        return _statements()

    def describe(self) -> str:
        return "Hold the rule of units"
