package authtest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
)

// Claims are the members of a payload or a header. [Absent] as a value takes a member away; nil is null.
type Claims map[string]any

// Absent is the value of a claim that a token shall not have.
var Absent = absent{}

type absent struct{}

// JSON returns the text of the claims.
func (c Claims) JSON(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(map[string]any(c))
	if err != nil {
		t.Fatalf("claims: %v", err)
	}
	return string(text)
}

// Encode returns the text as a part of a token: base64url without padding.
func Encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func merge(claims Claims, over []Claims) Claims {
	for _, o := range over {
		maps.Copy(claims, o)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == Absent })
	return claims
}
