package session_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"storefront/gateway/internal/sealed"
	"storefront/gateway/internal/session"
	"storefront/shared/config"
)

// dump gives everything that the server of g holds, keys and values.
func dump(t *testing.T, g *gateway) string {
	t.Helper()
	keys, err := g.client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, k := range keys {
		value, err := g.client.Dump(t.Context(), k).Result()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, k, value)
		for _, field := range g.client.HVals(t.Context(), k).Val() { // a dump may be compressed
			fmt.Fprintln(&all, field)
		}
	}
	return all.String()
}

func showsNothing(t *testing.T, g *gateway) {
	g.create(t, key(1), g.record())
	if _, err := g.Spend(t.Context(), "state-of-ann", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Claim(t.Context(), "work-of-ann", time.Hour); err != nil {
		t.Fatal(err)
	}
	text := dump(t, g)
	for _, prefix := range []string{"storefront:session:", "storefront:user:", "storefront:spent:", "storefront:claim:"} {
		if !strings.Contains(text, prefix) {
			t.Errorf("the server holds no %s", prefix)
		}
	}
	for _, private := range []string{"-of-ann", "ann@example.com"} {
		if strings.Contains(text, private) {
			t.Errorf("the server shows %s: %q", private, text)
		}
	}
}

// setRecord puts another value in place of a session's record.
func (g *gateway) setRecord(t *testing.T, k session.Key, value string) {
	t.Helper()
	if err := g.client.HSet(t.Context(), redisKey(k), "record", value).Err(); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) kept(t *testing.T, k session.Key) string {
	t.Helper()
	value, err := g.client.HGet(t.Context(), redisKey(k), "record").Result()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// A record that does not open is no session, costs one line in the log that tells nothing of it, and is not a failure.
func refusesUnreadable(t *testing.T, g *gateway) {
	g.create(t, key(1), g.record())
	g.create(t, key(2), g.record())
	good, moved := g.kept(t, key(1)), g.kept(t, key(2))
	foreign := g.replica(t, sealsWith(nextSecret))
	foreign.create(t, key(3), g.record())
	g.create(t, key(4), session.Record{Subject: "subject-of-ann", Expires: g.clock.Now().Add(time.Hour)})
	for name, value := range map[string]string{
		"another session's": moved,
		"of another secret": foreign.kept(t, key(3)),
		"one bit changed":   good[:len(good)-1] + string(good[len(good)-1]^1),
		"cut short":         good[:len(good)-1],
		"cut to its header": good[:5],
		"empty":             "",
		"a text":            "garbage-of-ann",
		"an older version":  "\x00" + good[1:],
		"unsealed":          "\x01" + `{"Subject":"subject-of-ann"}`,
	} {
		g.setRecord(t, key(1), value)
		before := strings.Count(g.log.String(), "session cannot be opened")
		if r, err := g.Load(t.Context(), key(1)); !errors.Is(err, session.ErrNone) || r != (session.Record{}) {
			t.Errorf("Load of a record that is %s = %+v, %v, want ErrNone", name, r, err)
		}
		if n := strings.Count(g.log.String(), "session cannot be opened") - before; n != 1 {
			t.Errorf("%d lines in the log for a record that is %s, want 1", n, name)
		}
		if all, err := g.OfUser(t.Context(), "subject-of-ann"); err != nil || len(all) != 2 {
			t.Errorf("OfUser beside a record that is %s = %d sessions, %v, want the 2 others", name, len(all), err)
		}
		if g.kept(t, key(1)) != value {
			t.Errorf("a record that is %s is not left alone", name)
		}
	}
	if log := g.log.String(); strings.Contains(log, "-of-ann") || !strings.Contains(log, key(1).Handle()) {
		t.Errorf("the log shows content, or does not name the session: %s", log)
	}
	g.setRecord(t, key(1), good)
	g.mustLoad(t, key(1))
}

// After a step back to an older release, sessions of the newer one wait for its return.
func keepsNewer(t *testing.T, g *gateway) {
	box := newBox(t)
	g.create(t, key(1), g.record())
	good := g.kept(t, key(1))
	for name, value := range map[string]string{
		"a newer envelope":      "\x02" + good[1:],
		"a newer record format": string(box.Seal([]byte("\x02{}"), []byte(redisKey(key(1))))),
		"no record format":      string(box.Seal([]byte("\x01no json"), []byte(redisKey(key(1))))),
		"nothing in it":         string(box.Seal(nil, []byte(redisKey(key(1))))),
	} {
		g.setRecord(t, key(1), value)
		_, err := g.Load(t.Context(), key(1))
		if !errors.Is(err, session.ErrAway) || !strings.Contains(err.Error(), key(1).Handle()) {
			t.Errorf("Load of %s = %v, want ErrAway and the session's handle", name, err)
		}
		if _, err := g.OfUser(t.Context(), "subject-of-ann"); !errors.Is(err, session.ErrAway) {
			t.Errorf("OfUser with %s = %v, want ErrAway", name, err)
		}
		if g.kept(t, key(1)) != value {
			t.Errorf("%s is not kept for the release that can read it", name)
		}
	}
}

// What a release before this one has kept is read by this one: the names below are on servers.
func readsFormatOne(t *testing.T, g *gateway) {
	box := newBox(t)
	want := g.record()
	want.Version = 7
	text := fmt.Sprintf(`{"Subject":"subject-of-ann","Name":"name-of-ann","Email":"ann@example.com","Since":%q,"SessionID":"sid-of-ann",`+
		`"AccessToken":"access-of-ann","AccessExpires":%q,"RefreshAt":%q,"RefreshToken":"refresh-of-ann","Expires":%q,"Version":7}`,
		want.Since.Format(time.RFC3339Nano), want.AccessExpires.Format(time.RFC3339Nano), want.RefreshAt.Format(time.RFC3339Nano),
		want.Expires.Format(time.RFC3339Nano))
	g.create(t, key(1), session.Record{Expires: want.Expires})
	g.setRecord(t, key(1), string(box.Seal([]byte("\x01"+text), []byte(redisKey(key(1))))))
	if diff := cmp.Diff(want, g.mustLoad(t, key(1))); diff != "" {
		t.Errorf("a record of format 1 (-want +got):\n%s", diff)
	}
}

func newBox(t *testing.T) *sealed.Box {
	t.Helper()
	box, err := sealed.New(slog.New(slog.DiscardHandler), config.Fixed(secret), "storefront session")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// Whoever can write to the server cannot make one user see, or end, the sessions of another.
func refusesForeignMember(t *testing.T, g *gateway) {
	g.create(t, key(1), g.record())
	k := key(1)
	planted := redis.Z{Score: float64(g.clock.Now().Add(time.Hour).UnixMilli()), Member: k[:]}
	if err := g.client.ZAdd(t.Context(), userKey("mallory"), planted, redis.Z{Score: planted.Score, Member: "no key"}).Err(); err != nil {
		t.Fatal(err)
	}
	if all, err := g.OfUser(t.Context(), "mallory"); err != nil || len(all) != 0 {
		t.Errorf("OfUser = %+v, %v, want none", all, err)
	}
}

// The secret is changed without an outage: new below old, new above old, new alone.
func rotates(t *testing.T, g *gateway) {
	both, turned, after := g.replica(t, sealsWith(secret, nextSecret)), g.replica(t, sealsWith(nextSecret, secret)), g.replica(t, sealsWith(nextSecret))
	g.create(t, key(1), g.record())
	both.create(t, key(2), g.record())
	turned.create(t, key(3), g.record())
	for n := 1; n <= 3; n++ {
		both.mustLoad(t, key(n))
		turned.mustLoad(t, key(n))
	}
	if _, err := after.Load(t.Context(), key(1)); !errors.Is(err, session.ErrNone) {
		t.Errorf("Load under a secret that is gone = %v, want ErrNone", err)
	}
	after.mustLoad(t, key(3))
	renewed := turned.mustLoad(t, key(2))
	if err := turned.Replace(t.Context(), key(2), renewed); err != nil {
		t.Fatal(err)
	}
	after.mustLoad(t, key(2))
}
