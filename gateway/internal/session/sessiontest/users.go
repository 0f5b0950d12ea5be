package sessiontest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/session"
)

// login keeps a session of a login ago.
func login(t *testing.T, s session.Store, clock *Clock, subject string, key session.Key, ago time.Duration) session.Current {
	t.Helper()
	r := record(clock)
	r.Subject, r.Since = subject, clock.Now().Add(-ago)
	create(t, s, key, r)
	return session.Current{Record: r, Key: key}
}

func wantOfUser(t *testing.T, s session.Store, subject string, want ...session.Current) {
	t.Helper()
	got, err := s.OfUser(t.Context(), subject)
	if err != nil {
		t.Fatalf("OfUser = %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OfUser(%s) (-want +got):\n%s", subject, diff)
	}
}

func ofUser(t *testing.T, s session.Store, clock *Clock) {
	wantOfUser(t, s, "ann")
	middle := login(t, s, clock, "ann", session.Key{1}, 2*time.Minute)
	oldest := login(t, s, clock, "ann", session.Key{2}, 3*time.Minute)
	newest := login(t, s, clock, "ann", session.Key{3}, time.Minute)
	other := login(t, s, clock, "bob", session.Key{4}, 0)
	wantOfUser(t, s, "ann", newest, middle, oldest)
	wantOfUser(t, s, "bob", other)
	wantOfUser(t, s, "an")
	middle.AccessToken = "refreshed"
	if err := s.Replace(t.Context(), middle.Key, middle.Record); err != nil {
		t.Fatal(err)
	}
	middle.Version++
	wantOfUser(t, s, "ann", newest, middle, oldest)
}

func ofUserDeleted(t *testing.T, s session.Store, clock *Clock) {
	stays := login(t, s, clock, "ann", session.Key{1}, time.Minute)
	goes := login(t, s, clock, "ann", session.Key{2}, 0)
	if err := s.Delete(t.Context(), goes.Key); err != nil {
		t.Fatal(err)
	}
	wantOfUser(t, s, "ann", stays)
	if err := s.Delete(t.Context(), stays.Key); err != nil {
		t.Fatal(err)
	}
	wantOfUser(t, s, "ann")
	again := login(t, s, clock, "ann", session.Key{3}, 0)
	wantOfUser(t, s, "ann", again)
}

func ofUserEnded(t *testing.T, s session.Store, clock *Clock) {
	short := record(clock)
	short.Subject, short.Expires = "ann", clock.Now().Add(time.Minute)
	create(t, s, session.Key{1}, short)
	idle := login(t, s, clock, "ann", session.Key{2}, 0)
	clock.Advance(time.Minute)
	wantOfUser(t, s, "ann", idle)
	clock.Advance(session.DefaultLifetimes.Idle - 2*time.Minute)
	fresh := login(t, s, clock, "ann", session.Key{3}, 0)
	clock.Advance(time.Minute)
	wantOfUser(t, s, "ann", fresh)
}

func ofUserIsNoUse(t *testing.T, s session.Store, clock *Clock) {
	watched := login(t, s, clock, "ann", session.Key{1}, 0)
	clock.Advance(session.DefaultLifetimes.Idle - time.Second)
	wantOfUser(t, s, "ann", watched)
	clock.Advance(time.Second)
	mustBeNone(t, s, watched.Key)
}
