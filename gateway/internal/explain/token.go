package explain

import (
	"encoding/base64"
	"encoding/json"
	"strings"
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

// Pretty is the token as people read it, its signature cut off.
func (t Token) Pretty() string {
	header, _ := json.MarshalIndent(t.Header, "", "  ")
	claims, _ := json.MarshalIndent(t.Claims, "", "  ")
	return string(header) + "\n.\n" + string(claims) + "\n.\n(the signature is not shown)"
}
