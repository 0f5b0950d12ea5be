package weak

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Shop is what a weak gateway knows of its shop.
type Shop struct {
	Admin              string                     // an admin's access token
	Session            string                     // the id of a session that is alive
	Door               string                     // host and port of the gateway's door
	Catalog, Inventory string                     // hosts and ports of the services as the gateway knows them
	Sign               func(target string) string // makes a gateway token for GET catalog
}

// AsAdmin takes whoever it is for an admin.
func (s Shop) AsAdmin(request []byte) []byte {
	return SetField(Drop(request, `cookie:|[ \t]*authorization:`), "Authorization", "Bearer "+s.Admin)
}

// Token is a token that was taken apart without a look at its signature.
type Token struct {
	Text           string
	Header, Claims map[string]any
	RawClaims      []byte
}

func tokenOf(request []byte) (Token, bool) {
	_, text, ok := strings.Cut(Field(request, "Authorization"), " ")
	t := Token{Text: text}
	parts := strings.Split(text, ".")
	if !ok || len(parts) < 2 {
		return t, ok
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	t.RawClaims, _ = base64.RawURLEncoding.DecodeString(parts[1])
	_, _ = json.Unmarshal(header, &t.Header), json.Unmarshal(t.RawClaims, &t.Claims) // what cannot be read stays nil
	return t, true
}

// Forgives takes tokens that should be refused for an admin's.
func (s Shop) Forgives(what func(Token) bool) *Weakness {
	return &Weakness{Request: func(request []byte) []byte {
		if t, ok := tokenOf(request); ok && what(t) && t.Text != s.Admin {
			return s.AsAdmin(request)
		}
		return request
	}}
}

// KeyedBy reports whether a token is signed with a secret.
func (t Token) KeyedBy(secret string) bool {
	at := strings.LastIndex(t.Text, ".")
	if at < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(t.Text[at+1:])
	return err == nil && jwt.SigningMethodHS256.Verify(t.Text[:at], signature, []byte(secret)) == nil
}

// LetsIn takes requests that match for an admin's.
func (s Shop) LetsIn(pattern string) *Weakness {
	match := regexp.MustCompile(pattern)
	return &Weakness{Request: func(request []byte) []byte {
		if match.Match(Head(request)) {
			return s.AsAdmin(request)
		}
		return request
	}}
}

// PassesOn sends requests for the catalog on with all that the client has sent, but for its token.
func (s Shop) PassesOn() *Weakness {
	return &Weakness{Request: func(request []byte) []byte {
		if strings.HasPrefix(Target(request), "/products") || strings.HasPrefix(Target(request), "/branches") {
			return Exchange(s.Catalog, SetField(request, "Authorization", "Bearer "+s.Sign(Target(request))))
		}
		return request
	}}
}

// SignsIn answers every callback with a session.
func (s Shop) SignsIn() *Weakness {
	return &Weakness{Request: func(request []byte) []byte {
		if strings.HasPrefix(Target(request), "/oauth-redirect") {
			return Canned(http.StatusSeeOther, "", "Location: /", "Set-Cookie: fa.gw.sid="+s.Session+"; Path=/; HttpOnly; SameSite=Lax")
		}
		return request
	}}
}

// Answers gives one answer to the requests that match.
func Answers(pattern string, answer []byte) *Weakness {
	match := regexp.MustCompile(pattern)
	return &Weakness{Request: func(request []byte) []byte {
		if match.Match(Head(request)) {
			return answer
		}
		return request
	}}
}

// Rewrites changes the text of requests.
func Rewrites(pattern, by string) *Weakness {
	match := regexp.MustCompile(pattern)
	return &Weakness{Request: func(request []byte) []byte { return match.ReplaceAll(request, []byte(by)) }}
}

// Adds adds a field to the answers of requests that match.
func Adds(pattern, name, value string) *Weakness {
	match := regexp.MustCompile(pattern)
	return &Weakness{Answer: func(request, answer []byte) []byte {
		if match.Match(Head(request)) {
			return SetField(answer, name, value)
		}
		return answer
	}}
}

// Loses changes the text of the heads of answers.
func Loses(pattern, by string) *Weakness {
	match := regexp.MustCompile(pattern)
	return &Weakness{Answer: func(_, answer []byte) []byte {
		head := Head(answer)
		return append(match.ReplaceAll(head, []byte(by)), answer[len(head):]...)
	}}
}

// Normalizes reads paths as many programs do: unescaped, without dot segments, empty segments and parameters, in lower case.
func Normalizes() *Weakness {
	return &Weakness{Request: func(request []byte) []byte {
		target := Target(request)
		for range 2 {
			target = unescaped(target)
		}
		target, _, _ = strings.Cut(target, ";")
		target = path.Clean("/" + strings.ToLower(strings.ReplaceAll(target, `\`, "/")))
		return SetLine(request, "GET "+target+" HTTP/1.1")
	}}
}

var escape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

func unescaped(text string) string {
	return escape.ReplaceAllStringFunc(text, func(e string) string {
		var b byte
		_, _ = fmt.Sscanf(e, "%%%02x", &b)
		if b <= ' ' || b > '~' {
			return ""
		}
		return string(b)
	})
}

// Unframes reads the body of a request as if nothing told its length but the last chunk: what follows is another request.
func Unframes() *Weakness {
	return &Weakness{Request: func(request []byte) []byte {
		_, body, _ := strings.Cut(string(request), "\r\n\r\n")
		at := strings.Index(body, "GET /hidden-request")
		if at < 0 {
			return request
		}
		return []byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + body[at:])
	}}
}
