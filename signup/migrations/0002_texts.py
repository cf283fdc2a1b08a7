"""The first terms of use, privacy notice and user guide: operators replace them in the admin."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

VERSION = "1"
DOCUMENTS = (
    (
        "terms",
        "en",
        "Terms of use",
        (
            "This service gives you an account that opens files which somebody protected for you.\n\n"
            "Use it with your own work address only. Keep your password to yourself.\n\n"
            "Your organisation may take its directory over one day. Its administrators then govern the accounts in it, "
            "yours too. You are told before and after.\n\n"
            "Whoever runs this installation may block domains and accounts that are used to harm others."
        ),
    ),
    (
        "terms",
        "de",
        "Nutzungsbedingungen",
        (
            "Dieser Dienst gibt Ihnen ein Konto, das Dateien öffnet, die jemand für Sie geschützt hat.\n\n"
            "Nutzen Sie ihn nur mit Ihrer eigenen Arbeitsadresse. Behalten Sie Ihr Passwort für sich.\n\n"
            "Ihre Organisation kann ihr Verzeichnis eines Tages übernehmen. Ihre Administratoren verwalten dann die Konten "
            "darin, auch Ihres. Sie erfahren es vorher und nachher.\n\n"
            "Wer diese Installation betreibt, kann Domains und Konten sperren, die anderen schaden."
        ),
    ),
    (
        "privacy",
        "en",
        "Privacy notice",
        (
            "We keep your address, your name, a hash of your password, when you accepted the terms, and when and from "
            "which browser you are signed in. We need these to give you an account. We also keep which mails went to your address, and what was done to your account, when and from which network address.\n\n"
            "The content of protected files never reaches this service.\n\n"
            "Requests to sign up that become nothing are deleted after 7 days. This site asks no other site for anything and "
            "sets no cookies but those for signing in, the forms and your language."
        ),
    ),
    (
        "privacy",
        "de",
        "Datenschutzhinweis",
        (
            "Wir speichern Ihre Adresse, Ihren Namen, einen Hash Ihres Passworts, wann Sie den Bedingungen zugestimmt haben, "
            "und wann und mit welchem Browser Sie angemeldet sind. Das brauchen wir, um Ihnen ein Konto zu geben. Wir speichern auch, welche Mails an Ihre Adresse gingen und was mit Ihrem Konto wann und von welcher Netzadresse aus geschah.\n\n"
            "Der Inhalt geschützter Dateien erreicht diesen Dienst nie.\n\n"
            "Registrierungen, aus denen nichts wird, werden nach 7 Tagen gelöscht. Diese Seite fragt keine andere Seite nach "
            "etwas und setzt nur Cookies für Anmeldung, Formulare und Sprache."
        ),
    ),
)
GUIDES = (
    ("en", "User guide", "How signing up, signing in and passkeys work."),
    ("de", "Anleitung", "Wie Registrierung, Anmeldung und Passkeys funktionieren."),
)


def add_texts(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    document = apps.get_model("signup", "LegalDocument")
    for kind, language, title, text in DOCUMENTS:
        document.objects.create(
            kind=kind, language=language, title=title, text=text, version=VERSION
        )
    item = apps.get_model("signup", "WelcomeItem")
    for language, title, description in GUIDES:
        item.objects.create(
            section="guide", language=language, title=title, description=description, url="/guide/"
        )


class Migration(migrations.Migration):
    dependencies = [("signup", "0001_initial")]

    operations = [migrations.RunPython(add_texts, migrations.RunPython.noop)]
