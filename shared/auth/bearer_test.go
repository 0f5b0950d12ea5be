package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

func TestBearerToken(t *testing.T) {
	t.Parallel()
	full, tooLong := strings.Repeat("t", auth.MaxTokenBytes), strings.Repeat("t", auth.MaxTokenBytes+1)
	tests := []struct {
		name   string
		header []string
		want   string
		err    error
	}{
		{"as the article sends it", []string{"Bearer abc.def.ghi"}, "abc.def.ghi", nil},
		{"T17 lower case", []string{"bearer abc"}, "abc", nil},
		{"T17 upper case", []string{"BEARER abc"}, "abc", nil},
		{"T14 as long as it may be", []string{"Bearer " + full}, full, nil},
		{"T14 one byte longer", []string{"Bearer " + tooLong}, "", auth.ErrTooLong},
		{"no header", nil, "", auth.ErrMissing},
		{"empty header", []string{""}, "", auth.ErrMissing},
		{"T12 good twice", []string{"Bearer abc", "Bearer abc"}, "", auth.ErrSeveral},
		{"T12 bad, then good", []string{"Basic abc", "Bearer abc"}, "", auth.ErrSeveral},
		{"T12 empty, then good", []string{"", "Bearer abc"}, "", auth.ErrSeveral},
		{"another scheme", []string{"Basic abc"}, "", auth.ErrScheme},
		{"a scheme that starts alike", []string{"BearerX abc"}, "", auth.ErrScheme},
		{"a scheme that ends alike", []string{"XBearer abc"}, "", auth.ErrScheme},
		{"a long s is no s", []string{"Bearer\u017f abc"}, "", auth.ErrScheme},
		{"DPoP", []string{"DPoP abc"}, "", auth.ErrScheme},
		{"only the token", []string{"abc.def.ghi"}, "", auth.ErrScheme},
		{"a space in front", []string{" Bearer abc"}, "", auth.ErrScheme},
		{"a tab between", []string{"Bearer\tabc"}, "", auth.ErrScheme},
		{"a colon between", []string{"Bearer: abc"}, "", auth.ErrScheme},
		{"only the scheme", []string{"Bearer"}, "", auth.ErrEmpty},
		{"nothing after the space", []string{"Bearer "}, "", auth.ErrEmpty},
		{"two spaces", []string{"Bearer  abc"}, "", auth.ErrShape},
		{"three words", []string{"Bearer abc def"}, "", auth.ErrShape},
		{"a space behind", []string{"Bearer abc "}, "", auth.ErrShape},
		{"the article's undefined", []string{"Bearer undefined"}, "undefined", nil}, // a token of no form: Verify refuses it
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := auth.BearerToken(&http.Request{Header: http.Header{"Authorization": tt.header}})
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("BearerToken(%.40q) = %.40q, %v, want %.40q, %v", tt.header, got, err, tt.want, tt.err)
			}
		})
	}
}

// T12: a token anywhere else is not one.
func TestBearerToken_looksNowhereElse(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest("POST", "/products?access_token=abc&authorization=Bearer+abc", strings.NewReader("access_token=abc"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "access_token", Value: "abc"})
	for _, name := range []string{"Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization", "X-Access-Token", "Access-Token", "Token", "Authorization_"} {
		r.Header.Set(name, "Bearer abc")
	}
	if got, err := auth.BearerToken(r); !errors.Is(err, auth.ErrMissing) {
		t.Errorf("BearerToken = %q, %v, want %v", got, err, auth.ErrMissing)
	}
}

// Whatever comes in the header, only the token that was made comes through.
func FuzzAuthorization(f *testing.F) {
	iss := newIssuer(f, "HS256")
	iss.Users = authtest.HMACKey(f, "fuzz", "a secret that does not change between runs")
	v := iss.Verifier(f, "catalog")
	good := iss.UserToken(f, authtest.Claims{"roles": []string{"admin"}})
	for _, prefix := range []string{"Bearer ", "bearer ", "BEARER ", "Basic ", "", "Bearer  ", "Bearer"} {
		f.Add(prefix + good)
	}
	f.Add("Bearer " + good + " ")
	f.Add("Bearer " + good + "=")
	f.Add("Bearer " + good + "\n")
	f.Add("Bearer " + strings.Repeat(".", 100))
	for _, a := range attacks() {
		f.Add("Bearer " + a.token(f, iss))
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := auth.BearerToken(&http.Request{Header: http.Header{"Authorization": {header}}})
		if err == nil {
			_, err = v.Verify(t.Context(), token, product)
		}
		scheme, rest, _ := strings.Cut(header, " ")
		isGood := strings.EqualFold(scheme, "bearer") && rest == good
		if isGood != (err == nil) {
			t.Errorf("%q: %v, the good token: %t", header, err, isGood)
		}
		if err != nil && !refused(err) {
			t.Errorf("%q: %v is no refusal", header, err)
		}
	})
}
