package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// vectors is where C2SP/wycheproof's testvectors_v1/json_web_signature_test.json lies beside the repository.
const vectors = "../../../shared/data/wycheproof-json_web_signature_test.json"

// defective vectors do not say what their comments say: 367 and 370 are "invalid padding" without any padding, byte for
// byte the valid token 357, and 372 and 373 are "valid" with a question mark inside the base64.
var defective = map[int]bool{367: true, 370: true, 372: true, 373: true}

type wycheproof struct {
	TestGroups []struct {
		Private struct{ Alg, Kid, K string }
		Tests   []struct {
			TCID    int `json:"tcId"`
			Comment string
			JWS     json.RawMessage
			Result  string
		}
	}
}

// The payloads of the vectors are no claims ("foo"), so the verifier is asked only whether it would go on to read them.
func TestWycheproof_HS256(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(vectors)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the vectors are not there: put wycheproof's json_web_signature_test.json at %s", vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file wycheproof
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, group := range file.TestGroups {
		if group.Private.Alg != "HS256" {
			continue
		}
		secret, err := base64.RawURLEncoding.DecodeString(group.Private.K)
		if err != nil {
			t.Fatal(err)
		}
		iss := newIssuer(t, "HS256")
		v := verifierWith(t, iss, authtest.HMACKey(t, group.Private.Kid, string(secret)).Key)
		for _, tt := range group.Tests {
			if defective[tt.TCID] {
				continue
			}
			ran++
			var jws string
			if err := json.Unmarshal(tt.JWS, &jws); err != nil {
				jws = string(tt.JWS) // the JSON serialization
			}
			switch err := v.Open(t.Context(), jws); {
			case tt.Result == "valid" && err != nil:
				t.Errorf("vector %d %s: %v, want it to hold", tt.TCID, tt.Comment, err)
			case tt.Result == "invalid" && !errors.As(err, new(auth.Refusal)):
				t.Errorf("vector %d %s: %v, want a refusal", tt.TCID, tt.Comment, err)
			}
		}
	}
	if ran != 36 {
		t.Errorf("%d vectors ran, want 36: 40 for HS256, 4 defective", ran)
	}
}
