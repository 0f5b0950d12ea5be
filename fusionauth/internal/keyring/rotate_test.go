package keyring_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"storefront/fusionauth/internal/keyring"
	"storefront/fusionauth/internal/kickstart"
)

// rotating is a ring of its own, since these tests change it.
func rotating(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := keyring.New([]kickstart.Key{
		{ID: "hmac", KID: "hmac-1", Algorithm: "HS256", Secret: secret},
		{ID: "ec", Algorithm: "ES256"}, {ID: "ed", Algorithm: "Ed25519"}, {ID: "rsa", Algorithm: "RS256", Bits: 2048},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func published(t *testing.T, r *keyring.Ring) []string {
	t.Helper()
	raw, err := r.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ KID string } }
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, key := range set.Keys {
		kids = append(kids, key.KID)
	}
	return kids
}

// TestRing_Rotate goes through the life of a key: published before it signs, verifying after it has signed, gone in the end.
func TestRing_Rotate(t *testing.T) {
	t.Parallel()
	r := rotating(t)
	for _, id := range []string{"ec", "ed", "rsa"} {
		old := r.Key(id, "")
		before := sign(t, old, claims(time.Minute))
		if err := r.Prepare(id, keyring.Successor{}); err != nil {
			t.Fatalf("%s: Prepare = %v", id, err)
		}
		if now := r.Key(id, ""); now.KID != old.KID || len(published(t, r)) != 4 {
			t.Errorf("%s: prepared: signs with %s and publishes %d keys, want the old one signing and the next one published", id, now.KID, len(published(t, r)))
		}
		prepared := published(t, r)
		if err := r.Rotate(id, keyring.Successor{}); err != nil {
			t.Fatalf("%s: Rotate = %v", id, err)
		}
		current := r.Key(id, "")
		if current.KID == old.KID || !slices.Contains(prepared, current.KID) || current.Algorithm() != old.Algorithm() {
			t.Errorf("%s: signs with %s %s, want the key that was prepared", id, current.Algorithm(), current.KID)
		}
		after := sign(t, current, claims(time.Minute))
		for _, token := range []string{before, after} {
			if _, err := current.Verify(token, time.Now()); err != nil {
				t.Errorf("%s: after the rotation: %v", id, err)
			}
		}
		if _, err := old.Verify(after, time.Now()); err == nil {
			t.Errorf("%s: what the key was before verifies what it signs now", id)
		}
		if err := r.Remove(id, old.KID); err != nil {
			t.Fatalf("%s: Remove = %v", id, err)
		}
		if _, err := r.Key(id, "").Verify(before, time.Now()); err == nil || slices.Contains(published(t, r), old.KID) {
			t.Errorf("%s: a removed key verifies or is published", id)
		}
	}
}

func TestRing_Rotate_ofHMACKeys(t *testing.T) {
	t.Parallel()
	r := rotating(t)
	before := sign(t, r.Key("hmac", ""), claims(time.Minute))
	if err := r.Rotate("hmac", keyring.Successor{KID: "hmac-2", Secret: secret + "2"}); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	current := r.Key("hmac", "")
	if _, err := current.Verify(before, time.Now()); err != nil || current.KID != "hmac-2" {
		t.Errorf("after the rotation kid %s, the old token: %v", current.KID, err)
	}
	if got := published(t, r); len(got) != 3 {
		t.Errorf("published %v, want the three public keys alone", got)
	}
}

func TestRing_refusesToRotate(t *testing.T) {
	t.Parallel()
	r := rotating(t)
	signing := r.Key("ec", "").KID
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"unknown key", r.Rotate("none", keyring.Successor{}), keyring.ErrNoKey},
		{"next of an unknown key", r.Prepare("none", keyring.Successor{}), keyring.ErrNoKey},
		{"HMAC without secret", r.Rotate("hmac", keyring.Successor{}), keyring.ErrSecret},
		{"short HMAC secret", r.Prepare("hmac", keyring.Successor{Secret: "0123456789012345678901234567890"}), keyring.ErrSecret},
		{"secret for a pair", r.Rotate("ec", keyring.Successor{Secret: secret}), keyring.ErrSecret},
		{"kid of another key", r.Rotate("ec", keyring.Successor{KID: "hmac-1"}), keyring.ErrKID},
		{"own kid", r.Prepare("ec", keyring.Successor{KID: signing}), keyring.ErrKID},
		{"removal of what signs", r.Remove("ec", signing), keyring.ErrInUse},
		{"removal of an unknown kid", r.Remove("ec", "x"), keyring.ErrNoKey},
		{"removal of an unknown key", r.Remove("none", signing), keyring.ErrNoKey},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s = %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	if r.Key("ec", "").KID != signing || len(r.Entries()) != 4 {
		t.Errorf("a refused rotation has changed the ring: %+v", r.Entries())
	}
}

func TestRing_Entries(t *testing.T) {
	t.Parallel()
	r := rotating(t)
	if err := r.Rotate("ec", keyring.Successor{KID: "ec-2"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Prepare("ec", keyring.Successor{KID: "ec-3"}); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, e := range r.Entries() {
		if (e.Thumbprint == "") != (e.Algorithm == "HS256") {
			t.Errorf("%s key %s has the thumbprint %q", e.Algorithm, e.KID, e.Thumbprint)
		}
		if e.ID == "ec" {
			states[e.State] = e.KID
		}
	}
	if states["signing"] != "ec-2" || states["next"] != "ec-3" || len(states) != 3 {
		t.Errorf("states = %v, want ec-2 signing, ec-3 next, and the first retired", states)
	}
	if err := r.Remove("ec", "ec-3"); err != nil || len(r.Entries()) != 5 {
		t.Errorf("Remove of the next key = %v, leaves %d keys", err, len(r.Entries()))
	}
}

// TestRing_Key_ofNoSecret: a shadow key without a client is no key; an empty secret would be everybody's.
func TestRing_Key_ofNoSecret(t *testing.T) {
	t.Parallel()
	for _, id := range []string{kickstart.ShadowSHA256, kickstart.ShadowSHA384, kickstart.ShadowSHA512, "none"} {
		if key := rotating(t).Key(id, ""); key != nil {
			t.Errorf("Key(%s) without a secret is a %s key", id, key.Algorithm())
		}
	}
}
