package attack

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// webhookRows are about who may say that something was taken back.
var webhookRows = []Row{
	{ID: "W1", Name: "events that the identity server did not sign", Sends: "no signature, garbage, alg none, HS256 by guesses and public keys, a user's token, two", Source: "FusionAuth webhook signing, RFC 8725 §3.1", Must: "401, and sessions go on", Doors: atGateway, Class: []int{12}, try: tryUnsigned},
	{ID: "W2", Name: "a signature of another body", Sends: "the genuine user token and shared key as signatures of an event", Source: "RFC 8725 §3.11", Must: "401", Doors: atGateway, Class: []int{13}, try: trySignedByOthers},
	{ID: "W3", Name: "a flood of events", Sends: "2 MB, other types, other methods, unsigned", Source: "OWASP API4:2023", Must: "4xx, not read", Doors: atGateway, try: tryEventFlood},
}

const webhook = "POST /webhooks/fusionauth"

// event is the end of everybody's sessions.
func event(application string) string {
	return fmt.Sprintf(`{"event":{"type":"jwt.refresh-token.revoke","id":"4b7dfe6b-0000-4000-8000-0000000000aa","createInstant":4102444800000,"applicationId":%q,"applicationTimeToLiveInSeconds":{%q:3600}}}`, application, application)
}

func (p *probe) deliver(ctx context.Context, what, body string, fields ...string) {
	a := p.put(ctx, webhook, body, append([]string{"Content-Type: application/json"}, fields...)...)
	p.wants(what, a, http.StatusUnauthorized, http.StatusBadRequest, http.StatusForbidden)
}

func signatureOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return asJSON(map[string]string{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:])})
}

func tryUnsigned(ctx context.Context, p *probe) error {
	body := event(p.target.ClientID)
	const field = "X-FusionAuth-Signature-JWT: "
	claims := signatureOf(body)
	p.deliver(ctx, "no signature", body)
	for _, s := range []string{"", "x", "a.b.c", encode(`{"alg":"none"}`) + "." + encode(claims) + ".", encode(`{"alg":"None","typ":"JWT"}`) + "." + encode(claims) + ".AA"} {
		p.deliver(ctx, "signature "+clip(s), body, field+s)
	}
	for _, guess := range guesses {
		p.deliver(ctx, "signed by "+guess, body, field+signedBy(`{"alg":"HS256"}`, claims, jwt.SigningMethodHS256, []byte(guess)))
	}
	for _, k := range p.publishedKeys(ctx) {
		p.deliver(ctx, "signed by "+k.as, body, field+signedBy(asJSON(map[string]string{"alg": "HS256", "kid": k.kid}), claims, jwt.SigningMethodHS256, k.secret))
	}
	for _, other := range []string{"Authorization: Bearer x", "X-Hub-Signature-256: sha256=00", "X_FusionAuth_Signature_JWT: x", "X-FusionAuth-Event-Signature: x"} {
		p.deliver(ctx, other, body, other)
	}
	return nil
}

func trySignedByOthers(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	body := event(p.target.ClientID)
	const field = "X-FusionAuth-Signature-JWT: "
	p.deliver(ctx, "a user's token", body, field+g.text)
	p.deliver(ctx, "two signatures", body, field+g.text, field+g.text)
	if p.target.SigningKey != "" {
		for _, header := range []string{`{"alg":"HS256"}`, asJSON(g.header), `{"alg":"HS256","kid":"gateway-hs256-1"}`} {
			p.deliver(ctx, "the shared key", body, field+signedBy(header, signatureOf(body), jwt.SigningMethodHS256, []byte(p.target.SigningKey)))
		}
	}
	return nil
}

func tryEventFlood(ctx context.Context, p *probe) error {
	for what, a := range map[string]answer{
		"2 MB":                  p.put(ctx, webhook, strings.Repeat("x", 2<<20), "Content-Type: application/json"),
		"no body":               p.ask(ctx, webhook, "Content-Type: application/json"),
		"XML":                   p.put(ctx, webhook, "<x/>", "Content-Type: application/xml"),
		"a signature of 100 KB": p.put(ctx, webhook, "{}", "X-FusionAuth-Signature-JWT: "+strings.Repeat("a", 100<<10)),
		"GET":                   p.ask(ctx, "GET /webhooks/fusionauth"),
		"a deep body":           p.put(ctx, webhook, strings.Repeat("[", 100_000), "Content-Type: application/json"),
	} {
		if !a.refused() {
			p.note("%s: answered %s", what, a)
		}
	}
	return nil
}
