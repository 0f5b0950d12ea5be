package auth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"storefront/shared/auth"
)

// The strict parser takes nothing that encoding/json would not, and of what encoding/json takes it leaves out only
// what the package promises to refuse.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":[1,2.5,-0,1e9,1E+9,0.1e-2],"b":{"c":null},"d":true,"e":false}`, `{"a":"\u0041\n\"\\\/"}`,
		`{"a":"\ud83d\ude00"}`, `{"a":[]}`, `{"a":{}}`, "\t{\n\"a\" :\r1 , \"b\":[ 1 , 2 ] }\n", `{"a":1,"a":2}`, `[]`, `"a"`, `{"a":01}`,
		`{"a":"\ud800"}`, `{"a":tru}`, `{"a":1}x`, `{"a":1,}`, `{"a"}`, `{,}`, `{"a":-}`, `{"a":.5}`, `{"a":"` + "\x01" + `"}`, "\ufeff{}", "{\"a\":\"\xff\"}",
		`{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`, `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		members, ok := auth.ParseObject(text)
		var reference map[string]json.RawMessage
		err := json.Unmarshal([]byte(text), &reference)
		if ok && (err != nil || reference == nil) {
			t.Fatalf("%q: accepted, encoding/json: %v", text, err)
		}
		if ok && len(members) != len(reference) {
			t.Fatalf("%q: %d members, encoding/json has %d", text, len(members), len(reference))
		}
		for name, raw := range reference {
			got, present := members.Raw(name)
			if ok && (!present || strings.Trim(got, " \t\r\n") != string(raw)) {
				t.Errorf("%q: member %q = %q, want %q", text, name, got, raw)
			}
		}
		if !ok && err == nil && reference != nil && plain(text) {
			t.Errorf("%q: refused without reason", text)
		}
	})
}

// plain texts have nothing that may be refused: no second mention of a name, no escape, no deep nesting, only ASCII.
func plain(text string) bool {
	for _, r := range text {
		if r >= 0x80 {
			return false
		}
	}
	return !strings.Contains(text, `\`) && strings.Count(text, ":") < 2 && strings.Count(text, "[")+strings.Count(text, "{") < 32
}
