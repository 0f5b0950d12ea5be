package explain

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Token is what a JWT says. It is read and not verified: whoever shows it has just made or verified it.
type Token struct {
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

func read(compact string) Token {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return Token{}
	}
	return Token{Header: object(parts[0]), Claims: object(parts[1])}
}

func object(part string) map[string]any {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber() // times stay as they are written
	var members map[string]any
	if decoder.Decode(&members) != nil {
		return nil
	}
	return members
}

// Line is one member of a token, for people.
type Line struct{ Name, Value, Meaning string }

// HeaderLines are what the token says of itself.
func (t Token) HeaderLines() []Line { return lines(t.Header) }

// ClaimLines are what it says of its bearer.
func (t Token) ClaimLines() []Line { return lines(t.Claims) }

func lines(members map[string]any) []Line {
	var lines []Line
	for _, name := range slices.Sorted(maps.Keys(members)) {
		lines = append(lines, Line{name, written(members[name]), meaning(name, members[name])})
	}
	return lines
}

// written is a value as it stands in the token; html/template escapes it.
func written(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // it has come out of JSON
	return strings.TrimSpace(b.String())
}

// meanings are of the members that are of use here (RFC 7515 §4.1, RFC 7519 §4.1, FusionAuth's own).
var meanings = map[string]string{
	"alg":           "how it is signed",
	"typ":           "the kind of token, so that none is taken for another",
	"kid":           "which key has signed it",
	"iss":           "who issued it",
	"sub":           "whom it is about",
	"aud":           "who may take it",
	"exp":           "until when it holds",
	"iat":           "when it was issued",
	"nbf":           "since when it holds",
	"jti":           "a name of its own",
	"data":          "the one request that it is for",
	"htm":           "and the method of that",
	"roles":         "what its bearer may do",
	"applicationId": "the application that the user signed in to",
	"auth_time":     "when the user signed in",
	"sid":           "the user's session at FusionAuth",
	"tid":           "the tenant at FusionAuth",
}

func meaning(name string, value any) string {
	means := meanings[name]
	number, isNumber := value.(json.Number)
	if seconds, err := number.Int64(); isNumber && err == nil && slices.Contains([]string{"exp", "iat", "nbf", "auth_time"}, name) {
		return means + ": " + time.Unix(seconds, 0).UTC().Format("2 Jan 2006, 15:04:05 UTC")
	}
	return means
}
