"""What is said of money: the verdicts on a line, their reasons, what the financial statement lacks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.spending import Nature, Standing
from agent.texts.sources import cited
from agent.texts.words import day

if TYPE_CHECKING:
    from agent.domain.spending import Remark
    from agent.domain.statement import Gap

STANDINGS = {
    Standing.ELIGIBLE: "éligible",
    Standing.TO_CONFIRM: "à confirmer",
    Standing.NOT_ELIGIBLE: "non éligible",
}
NATURES = {
    Nature.INTERNAL: "Coûts internes (RH)",
    Nature.EXTERNAL: "Coûts externes (prestations)",
    Nature.INDIRECT: "Coûts indirects (licences, matériel…)",
    None: "Nature à préciser",
}
NO_OBJECTIVE = "Objectif à préciser"
INDICATIVE = "Trame indicative : à reporter dans la trame de bilan financier de l'ANS."
DECLARE_ALL = "Le plafond borne le paiement, pas la déclaration : déclarez toutes les dépenses, même au-delà."

TEMPLATE = (
    "Libellé", "Programme", "Objectif", "Nature", "Catégorie", "Établissement", "Fournisseur", "N° de commande",
    "Date de commande", "N° de facture", "Date de facture", "Début des travaux", "Démarrage indiqué sur",
    "Début d'abonnement", "Fin d'abonnement", "Date de l'exercice", "Montant TTC", "Part financée par ailleurs",
    "Décision", "Justification",
)  # fmt: skip
"""The headings of an empty table, as its reader knows them."""

_SENTENCES = {
    # eligible
    "IN_WINDOW": "commande et facture sont dans la période",
    "EARLIER_ORDER_LATER_START": "la commande est antérieure, mais elle ou la facture indique un démarrage postérieur",
    "PRORATA": "abonnement compté au prorata du temps passé dans la phase : {days} jours sur {whole}",
    "STAFF_IN_PHASE": "temps d'agents dans la période, justifié",
    "DECIDED": "retenue sur décision : {text}",
    # days
    "NO_RULES": "les textes du programme ne disent ni les dates ni les dépenses éligibles : demandez à l'ANS",
    "NO_DECLARATION_DAY": "le jour de la déclaration n'est pas prévu : donnez-le dans la configuration",
    "INVOICE_DATE_MISSING": "la date de facture manque",
    "INVOICE_BEFORE": "la facture est du {day}, avant le {limit}",
    "INVOICE_AFTER": "la facture est du {day}, après la déclaration du {limit}",
    "ORDER_DATE_MISSING": "la date de commande manque",
    "ORDER_BEFORE": "la commande est du {day}, avant le {limit}",
    "ORDER_AFTER": "la commande est du {day}, après la déclaration du {limit}",
    "START_MISSING": (
        "la commande, du {day}, est antérieure au {limit} : donnez la date de démarrage des travaux "
        "que le bon de commande ou la facture indique"
    ),
    "START_NOT_LATER": "les travaux ont commencé le {day} : il fallait après le {limit}",
    "START_AFTER": "les travaux commencent le {day}, après la déclaration du {limit}",
    "START_DOCUMENT_MISSING": "dites si le démarrage du {day} est indiqué sur le bon de commande ou sur la facture",
    "ATTESTATION_REFUSED": "le démarrage du {day} n'est prouvé que par une attestation : elle n'est pas acceptée",
    "WINDOWS_DISAGREE": (
        "le {day} est après la publication de l'arrêté, mais avant le début de phase choisi : les textes admettent "
        "deux lectures, demandez à l'ANS"
    ),
    "ENGAGEMENT_UNCLEAR": (
        "la commande et la facture ne sont pas du même côté du {limit} : dites quand le coût a été engagé"
    ),
    "ENGAGEMENT_MISSING": "la date d'engagement (commande) de l'abonnement manque",
    "PERIOD_MISSING": "il manque un bout à la période d'abonnement",
    "PERIOD_OUTSIDE": "la période d'abonnement est hors de la période du programme",
    "SUBSCRIPTION_ENGAGED_BEFORE": "l'abonnement a été engagé le {day}, avant le début de phase du {limit}",
    "SUBSCRIPTION_UNSTATED": (
        "l'abonnement dépasse la période, et les textes ne disent pas comment le compter : demandez à l'ANS"
    ),
    "WORK_PERIOD_MISSING": "la période de travail manque (début et fin)",
    "WORK_OUTSIDE": "le temps d'agents est hors de la période",
    "WORK_PARTLY_OUTSIDE": "une part du temps d'agents est hors de la période : seule l'autre est à confirmer",
    "EXERCISE_DATE_MISSING": "la date de l'exercice manque",
    "EXERCISE_OUTSIDE_PHASE": (
        "l'exercice, du {day}, n'est pas dans la phase (du {first} au {last}) : il peut valider l'objectif, "
        "il n'est pas financé"
    ),
    "DAY_TO_COME": "le {day} est à venir : ce qui n'existe pas encore n'est pas retenu",
    # contribution
    "OBJECTIVE_MISSING": "l'objectif auquel la dépense concourt n'est pas dit",
    "OBJECTIVE_UNKNOWN": "« {text} » n'est pas un objectif du programme",
    "CATEGORY_MISSING": "ni la nature ni la catégorie de la dépense ne sont dites",
    "CATEGORY_UNKNOWN": "« {text} » n'est pas une catégorie connue : rien ne dit si elle est écartée",
    "CATEGORY_UNRULED": "{category} : les textes du programme n'en disent rien",
    "CATEGORY_EXCLUDED": "{category} : dépense écartée",
    "EXCLUDED_ELSEWHERE": "{category} : dépense écartée pour un autre objectif, rien n'est dit pour celui-ci",
    "CONDITION": "{category} : sous condition",
    "LABEL_SUGGESTS": "le libellé évoque « {category} »",
    # money, justification, decision
    "STAFF_NOT_JUSTIFIED": "ce temps d'agents n'est pas justifié (lettre de mission conseillée)",
    "FUNDED_ELSEWHERE": "la dépense est entièrement financée par ailleurs",
    "OTHER_FUNDING_MISSING": "dites la part de l'exercice que l'ARS a financée, 0 s'il n'y en a pas",
    "DUPLICATE_LINE": "même facture et même montant que {where} de « {table} » : est-ce la même dépense ?",
    "DOUBLE_FUNDING": "déclarée aussi pour {programme} ({where} de « {table} ») : rien n'est financé deux fois",
    "SET_ASIDE": "écartée par décision",
    # warnings
    "INVOICE_BEFORE_ORDER": "la facture, du {day}, est antérieure à la commande, du {limit}",
    "DECISION_NOT_JUSTIFIED": "la décision n'a pas de justification : elle ne compte pas",
    "NATURE_MISSING": "la nature du coût (interne, externe, indirect) n'est pas dite",
    "MISSION_LETTER_ADVISED": "une lettre de mission est conseillée pour ce temps d'agents",
    "OTHER_FUNDING_DEDUCTED": "part financée par ailleurs déduite : {amount}",
    "CASH_READING": (
        "compté au temps passé, lecture la plus prudente ; compté aux sommes payées, l'abonnement vaudrait {amount} : "
        "la différence reste à confirmer"
    ),
    "ENGAGED_ON_FIRST_DAY": (
        "engagé le {day}, premier jour de la phase : le texte dit « postérieur », gardez la preuve du jour"
    ),
    # the statement
    "SIGNATURE_DIRECTOR": "il manque la signature de l'ordonnateur (directeur général)",
    "SIGNATURE_ACCOUNTANT": "il manque la signature du trésorier payeur ou de l'agent comptable",
    "SIGNATURE_FINANCE_DIRECTOR": "il manque la signature du directeur financier (DAF) ou de l'expert-comptable",
    "PAYMENTS_CONFIRMATION": (
        "le directeur financier a signé : le trésorier doit confirmer les mandatements par un document signé de lui"
    ),
    "PAY_SUMMARY": "il manque le récapitulatif de paie qui accompagne le temps d'agents",
    "SEVERAL_EXERCISES": "plusieurs exercices sont déclarés : choisissez celui que vous présentez",
    "ORDER_NUMBER_MISSING": "le numéro du bon de commande manque : joignez-en la copie",
    "INVOICE_NUMBER_MISSING": "le numéro de la facture manque : joignez-en la copie",
}
_SETTLE = "pour lever le doute : Décision « oui » et sa Justification dans le tableau"


def sentence(remark: Remark) -> str:
    """Return a reason, a warning or a lack as one French sentence, without its source."""
    said = _SENTENCES[remark.code].format_map({name: _word(value) for name, value in remark.values.items()})
    text = f"{said[0].upper()}{said[1:]}"
    text = text if text.endswith("?") else f"{text}."
    return f"{text} {remark.text}" if remark.text else text


def to_do(gap: Gap) -> str:
    """Return what is lacking, and how a person lifts it where a decision does."""
    return f"{sentence(gap.remark)} ({_SETTLE}.)" if gap.remark.settles else sentence(gap.remark)


def source(remark: Remark) -> str:
    """Return where the rule behind a remark is written, "" when it is our own carefulness."""
    return cited(tuple(dict.fromkeys(remark.sources)))


def euros(amount: Decimal) -> str:
    """Return an amount as French people write it: 1 234,50 €."""
    return f"{amount:,.2f} €".replace(",", "\u202f").replace(".", ",")


def _word(value: object) -> str:
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal):
        return euros(value)
    return "" if value is None else str(value)
