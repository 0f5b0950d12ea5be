package auth_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
)

// The shared key is changed in a file while a gateway signs and a service verifies: old, old+new, new+old, new. A token is good
// for as long as its key stands in the file, and never shorter.
func TestSharedKey_rotates(t *testing.T) {
	t.Parallel()
	before, after := newIssuer(t, "HS256"), newIssuer(t, "HS256")
	old, next := before.Users.Secret(), after.Users.Secret()
	path := filepath.Join(t.TempDir(), "key")
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	write(old)
	s := config.Read([]string{"X_FILE=" + path})
	c := settings(before)
	c.JWTSigningKey = s.Rotating("X", "", 32)
	catalog, err1 := auth.ServiceVerifier(c, "catalog", discard)
	signer, err2 := auth.SharedKeySigner(c, discard)
	if err := errors.Join(s.Err(), err1, err2); err != nil {
		t.Fatal(err)
	}
	good := func(token string) bool {
		t.Helper()
		_, err := catalog.Verify(t.Context(), token, product)
		if err != nil && !errors.Is(err, auth.ErrSignature) {
			t.Errorf("Verify = %v", err)
		}
		return err == nil
	}
	signsWith := func(key authtest.Key) func() bool {
		return func() bool {
			v := verifierOf(t, before, key.Key)
			_, err := v.Verify(t.Context(), sign(t, signer, "catalog", product), product)
			return err == nil
		}
	}
	user := func(iss *authtest.Issuer) string {
		return iss.UserToken(t, authtest.Claims{"iat": authtest.Absent, "exp": 9999999999})
	}
	oldUser, newUser, oldToken := user(before), user(after), sign(t, signer, "catalog", product)

	if !good(oldUser) || !good(oldToken) || good(newUser) {
		t.Error("at the start not exactly the old key is taken")
	}
	write(old + "\n" + next)
	await(t, "the new key to be taken", func() bool { return good(newUser) })
	if !good(oldUser) || !good(oldToken) || !signsWith(before.Users)() {
		t.Error("the old key is no longer taken, or does not sign any more")
	}
	write(next + "\n" + old)
	await(t, "the new key to sign", signsWith(after.Users))
	newToken := sign(t, signer, "catalog", product)
	if !good(oldUser) || !good(oldToken) || !good(newUser) || !good(newToken) {
		t.Error("with the new key first, not both are taken")
	}
	write(next)
	await(t, "the old key's end", func() bool { return !good(oldUser) })
	if good(oldToken) || !good(newUser) || !good(newToken) {
		t.Error("at the end not exactly the new key is taken")
	}
}

// verifierOf takes gateway tokens of the one key, by the machine's clock.
func verifierOf(t testing.TB, iss *authtest.Issuer, key auth.Key) *auth.Verifier {
	t.Helper()
	cfg := iss.Config("catalog")
	cfg.Gateway.Keys, cfg.Now = auth.StaticKeys(key), nil
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
