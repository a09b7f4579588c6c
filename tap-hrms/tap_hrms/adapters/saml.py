"""SuccessFactors' login: a signed SAML assertion in exchange for an access token.

Source: SAP SuccessFactors, "Authentication using OAuth 2.0"; OASIS SAML 2.0; RFC 7522.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from lxml import etree
from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http import Action, Client, Limiter, Rule, Verdict
from singer_tapkit.http.tokens import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_tapkit.http.tokens import Granted

    from tap_hrms.adapters.base import Surroundings

_SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
_LIFE: Final = timedelta(minutes=10)
_EARLY: Final = timedelta(minutes=5)
"""By how much the clocks may differ."""


class SamlBearer:
    """Obtains access tokens.

    Args:
        site: Address of the API server.
        settings: ``company_id``, ``client_id``, and a private key with ``user_id``, or an
            assertion that was signed elsewhere.
        around: Clock and user agent.
        remedy: What to check when the login is refused.
    """

    def __init__(
        self, site: str, settings: Mapping[str, Any], around: Surroundings, *, remedy: str
    ) -> None:
        self._url = f"{site}/oauth/token"
        self._settings = settings
        self._clock = around.clock
        client = Client(clock=around.clock, headers={"User-Agent": around.user_agent})
        verdict = Verdict(Action.REAUTHENTICATE, "SuccessFactors refused the login", remedy)
        self._endpoint = TokenEndpoint(
            self._url,
            client=client,
            limiter=Limiter(1, timedelta(seconds=1), clock=around.clock, sleep=client.sleep),
            refused=[Rule({400, 401, 403}, verdict)],
            issuer="SuccessFactors",
        )

    def fetch(self) -> Granted:
        """Exchange an assertion for a token.

        Raises:
            RunAbortedError: If it is refused, or the private key cannot be used.
        """
        return self._endpoint.grant(
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer",
                "company_id": str(self._settings["company_id"]),
                "client_id": str(self._settings["client_id"]),
                "assertion": str(self._settings.get("saml_assertion") or self.signed()),
            }
        )

    def signed(self) -> str:
        """Return a signed assertion, in base 64.

        Raises:
            RunAbortedError: If the private key cannot be used.
        """
        from signxml.algorithms import (  # noqa: PLC0415 - costs start-up time; few need it
            CanonicalizationMethod,
        )
        from signxml.signer import XMLSigner  # noqa: PLC0415

        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        assertion = self._assertion()
        try:
            signed = signer.sign(
                assertion,
                key=str(self._settings["private_key_pem"]).replace("\\n", "\n"),
                reference_uri=assertion.get("ID"),
                id_attribute="ID",
            )
        except (ValueError, TypeError):
            msg = (
                "successfactors.private_key_pem is no private key in PEM. It begins with "
                "-----BEGIN PRIVATE KEY----- and has line breaks"
            )
            raise RunAbortedError(msg) from None
        return base64.b64encode(etree.tostring(signed)).decode()

    def _assertion(self) -> etree._Element:
        now = self._clock.now().replace(microsecond=0)
        begin, end = canonical(now - _EARLY), canonical(now + _LIFE)
        root = etree.Element(
            _name("Assertion"),
            {"ID": f"_{uuid4().hex}", "IssueInstant": canonical(now), "Version": "2.0"},
            nsmap={"saml2": _SAML},
        )
        _text(root, "Issuer", str(self._settings["client_id"]))
        etree.SubElement(root, f"{{{_SIGNATURE}}}Signature", {"Id": "placeholder"})
        subject = etree.SubElement(root, _name("Subject"))
        name = _text(subject, "NameID", str(self._settings["user_id"]))
        name.set("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
        confirmation = etree.SubElement(
            subject,
            _name("SubjectConfirmation"),
            {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"},
        )
        etree.SubElement(
            confirmation,
            _name("SubjectConfirmationData"),
            {"NotOnOrAfter": end, "Recipient": self._url},
        )
        conditions = etree.SubElement(
            root, _name("Conditions"), {"NotBefore": begin, "NotOnOrAfter": end}
        )
        audience = etree.SubElement(conditions, _name("AudienceRestriction"))
        _text(audience, "Audience", "www.successfactors.com")
        statement = etree.SubElement(
            root, _name("AuthnStatement"), {"AuthnInstant": canonical(now)}
        )
        context = etree.SubElement(statement, _name("AuthnContext"))
        _text(
            context,
            "AuthnContextClassRef",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        )
        attributes = etree.SubElement(root, _name("AttributeStatement"))
        for attribute, value in (("api_key", str(self._settings["client_id"])), ("Use", "api")):
            element = etree.SubElement(attributes, _name("Attribute"), {"Name": attribute})
            _text(element, "AttributeValue", value)
        return root


def _name(local: str) -> str:
    return f"{{{_SAML}}}{local}"


def _text(parent: etree._Element, local: str, content: str) -> etree._Element:
    element = etree.SubElement(parent, _name(local))
    element.text = content
    return element
