package grant_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"storefront/fusionauth/internal/grant"
)

// fakeTime is a clock that stands until it is moved.
type fakeTime struct{ at time.Time }

func (f *fakeTime) now() time.Time { return f.at }

func newTime() *fakeTime { return &fakeTime{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func TestCodes_workOnce(t *testing.T) {
	t.Parallel()
	codes := grant.NewCodes(newTime().now)
	value := codes.Issue(grant.Code{Nonce: "n"})
	if code, revoke, ok := codes.Redeem(value); !ok || code.Nonce != "n" || revoke != "" {
		t.Errorf("Redeem = %+v, %q, %v; want the code", code, revoke, ok)
	}
	if !codes.Gave(value, "refresh-1") {
		t.Error("Gave reports a replay before there was one")
	}
	for range 2 {
		if _, revoke, ok := codes.Redeem(value); ok || revoke != "refresh-1" {
			t.Errorf("Redeem again = %q, %v; want the refresh token to revoke", revoke, ok)
		}
	}
	if _, revoke, ok := codes.Redeem("never issued"); ok || revoke != "" {
		t.Errorf("Redeem of a guess = %q, %v", revoke, ok)
	}
}

// TestCodes_replayBeforeTheAnswer: the second use may come while the first is still being answered.
func TestCodes_replayBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	codes := grant.NewCodes(newTime().now)
	value := codes.Issue(grant.Code{})
	codes.Redeem(value)
	codes.Redeem(value)
	if codes.Gave(value, "refresh-1") {
		t.Error("Gave does not report the replay: the token would be handed out")
	}
}

func TestCodes_expire(t *testing.T) {
	t.Parallel()
	clock := newTime()
	codes := grant.NewCodes(clock.now)
	young, old := codes.Issue(grant.Code{}), codes.Issue(grant.Code{})
	clock.at = clock.at.Add(30*time.Second - 1)
	if _, _, ok := codes.Redeem(young); !ok {
		t.Error("a code is worthless before its 30 seconds are over")
	}
	clock.at = clock.at.Add(1)
	if _, _, ok := codes.Redeem(old); ok {
		t.Error("a code works after 30 seconds")
	}
}

func TestCodes_oneOfManyWins(t *testing.T) {
	t.Parallel()
	codes := grant.NewCodes(time.Now)
	value := codes.Issue(grant.Code{})
	var wg sync.WaitGroup
	won := make(chan struct{}, 32)
	for range 32 {
		wg.Go(func() {
			if _, _, ok := codes.Redeem(value); ok {
				won <- struct{}{}
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d of 32 redeemed one code, want 1", len(won))
	}
}

// TestCodes_areBounded: the oldest makes room, so nobody can fill the memory and the newest always works.
func TestCodes_areBounded(t *testing.T) {
	t.Parallel()
	codes := grant.NewCodes(newTime().now)
	first := codes.Issue(grant.Code{})
	last := ""
	for range 20_000 {
		last = codes.Issue(grant.Code{})
	}
	if _, _, ok := codes.Redeem(first); ok {
		t.Error("the first of 20001 codes is still there")
	}
	if _, _, ok := codes.Redeem(last); !ok {
		t.Error("the last of 20001 codes is not there")
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	clock := newTime()
	sessions := grant.NewSessions(clock.now)
	login := grant.Login{UserID: "u", At: clock.at}
	one, two := sessions.Start(login), sessions.Start(login)
	if one == two || len(one) < 43 {
		t.Errorf("session ids %q and %q, want two of 256 bits", one, two)
	}
	sessions.End(one)
	if _, ok := sessions.Find(one); ok {
		t.Error("an ended session is found")
	}
	if got, ok := sessions.Find(two); !ok || got != login {
		t.Errorf("Find = %+v, %v; want the login", got, ok)
	}
	clock.at = clock.at.Add(8 * time.Hour)
	if _, ok := sessions.Find(two); ok {
		t.Error("a session lives longer than 8 hours")
	}
}

// TestSessions_ofAUser: what is shown of a session does not open it, and one user's end is not another's.
func TestSessions_ofAUser(t *testing.T) {
	t.Parallel()
	clock := newTime()
	sessions := grant.NewSessions(clock.now)
	first := sessions.Start(grant.Login{UserID: "u"})
	clock.at = clock.at.Add(time.Hour)
	other := sessions.Start(grant.Login{UserID: "v"})
	second := sessions.Start(grant.Login{UserID: "u"})
	list := sessions.List()
	if len(list) != 3 || list[0].Login.UserID != "u" || list[1].Login.UserID != "v" {
		t.Fatalf("List = %+v, want the three, the oldest first", list)
	}
	for _, s := range list {
		if _, opened := sessions.Find(s.ID); opened {
			t.Errorf("the shown id %s opens the session", s.ID)
		}
	}
	if ended := sessions.EndUser("u"); ended != 2 {
		t.Errorf("EndUser = %d, want 2", ended)
	}
	for id, want := range map[string]bool{first: false, second: false, other: true} {
		if _, ok := sessions.Find(id); ok != want {
			t.Errorf("session found: %v, want %v", ok, want)
		}
	}
	clock.at = clock.at.Add(8 * time.Hour)
	if list := sessions.List(); len(list) != 0 {
		t.Errorf("List = %+v, want no session after its end", list)
	}
}

func TestCodes_RevokeUser(t *testing.T) {
	t.Parallel()
	codes := grant.NewCodes(newTime().now)
	mine := codes.Issue(grant.Code{Login: grant.Login{UserID: "u"}})
	other := codes.Issue(grant.Code{Login: grant.Login{UserID: "v"}})
	codes.RevokeUser("u")
	for value, want := range map[string]bool{mine: false, other: true} {
		if _, _, ok := codes.Redeem(value); ok != want {
			t.Errorf("Redeem = %v, want %v", ok, want)
		}
	}
}

func newTokens(t *testing.T) (*grant.RefreshTokens, *fakeTime) {
	t.Helper()
	clock := newTime()
	return grant.NewRefreshTokens(clock.now), clock
}

func TestRefreshTokens_find(t *testing.T) {
	t.Parallel()
	tokens, clock := newTokens(t)
	issued, value := tokens.Issue(grant.Refresh{Login: grant.Login{UserID: "u"}, ApplicationID: "a"}, time.Hour)
	if issued.ID == "" || value == "" || !issued.Expires.Equal(clock.at.Add(time.Hour)) || !issued.Created.Equal(clock.at) {
		t.Errorf("Issue = %+v", issued)
	}
	byValue, ok := tokens.Find(value)
	if !ok || byValue.ID != issued.ID {
		t.Errorf("Find = %+v, %v", byValue, ok)
	}
	if byID, ok := tokens.FindID(issued.ID); !ok || byID.ApplicationID != "a" {
		t.Errorf("FindID = %+v, %v", byID, ok)
	}
	of := func(user string) []grant.Refresh {
		return tokens.List(func(r grant.Refresh) bool { return r.Login.UserID == user })
	}
	if list := of("u"); len(list) != 1 || len(of("v")) != 0 {
		t.Errorf("List = %+v", list)
	}
	for _, wrong := range []string{"", issued.ID, value + "x"} {
		if _, ok := tokens.Find(wrong); ok {
			t.Errorf("Find(%q) finds a token", wrong)
		}
	}
	clock.at = clock.at.Add(time.Hour)
	if _, ok := tokens.Find(value); ok || len(of("u")) != 0 {
		t.Error("a token is found after its end")
	}
}

func TestRefreshTokens_use(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		once, sliding bool
	}{{false, false}, {true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprintf("once %v sliding %v", tt.once, tt.sliding), func(t *testing.T) {
			t.Parallel()
			tokens, clock := newTokens(t)
			issued, value := tokens.Issue(grant.Refresh{}, time.Hour)
			clock.at = clock.at.Add(time.Minute)
			used, next, ok := tokens.Use(value, grant.Renewal{Once: tt.once, Sliding: tt.sliding, TTL: time.Hour})
			if !ok || used.ID != issued.ID || (next != value) != tt.once {
				t.Fatalf("Use = %+v, value changed %v, %v", used, next != value, ok)
			}
			if moved := used.Expires.After(issued.Expires); moved != tt.sliding {
				t.Errorf("Expires moved = %v, want %v", moved, tt.sliding)
			}
			if _, ok := tokens.Find(value); ok == tt.once {
				t.Errorf("the first value found = %v after its use", ok)
			}
			if found, ok := tokens.Find(next); !ok || !found.Expires.Equal(used.Expires) {
				t.Errorf("the value handed out: %+v, %v", found, ok)
			}
			tokens.RevokeID(issued.ID)
			if _, _, ok := tokens.Use(next, grant.Renewal{Once: tt.once, Sliding: tt.sliding, TTL: time.Hour}); ok {
				t.Error("a revoked token is used")
			}
		})
	}
}

func TestRefreshTokens_revoke(t *testing.T) {
	t.Parallel()
	tokens, clock := newTokens(t)
	tokens.Issue(grant.Refresh{ApplicationID: "a"}, time.Second)
	clock.at = clock.at.Add(time.Second) // what has expired is not revoked any more
	a, _ := tokens.Issue(grant.Refresh{ApplicationID: "a"}, time.Hour)
	b, _ := tokens.Issue(grant.Refresh{ApplicationID: "b"}, time.Hour)
	gone := tokens.Revoke(func(r grant.Refresh) bool { return r.ApplicationID == "a" })
	if len(gone) != 1 || gone[0].ID != a.ID {
		t.Errorf("Revoke = %+v, want the one in force", gone)
	}
	if _, ok := tokens.FindID(a.ID); ok {
		t.Error("the revoked token is found")
	}
	if got, ok := tokens.RevokeID(b.ID); !ok || got.ID != b.ID {
		t.Errorf("RevokeID = %+v, %v; want the token", got, ok)
	}
	for _, id := range []string{a.ID, b.ID, ""} {
		if _, ok := tokens.RevokeID(id); ok {
			t.Error("RevokeID must report that there is no token to revoke")
		}
	}
}

// TestRefreshTokens_grace: who comes second gets what the first got, for a while, and never further down the chain.
func TestRefreshTokens_grace(t *testing.T) {
	t.Parallel()
	once := grant.Renewal{Once: true, Grace: 10 * time.Second}
	use := func(t *testing.T, tokens *grant.RefreshTokens, value string) string {
		t.Helper()
		_, next, ok := tokens.Use(value, once)
		if !ok {
			return ""
		}
		return next
	}
	t.Run("the same new value", func(t *testing.T) {
		t.Parallel()
		tokens, clock := newTokens(t)
		_, first := tokens.Issue(grant.Refresh{}, time.Hour)
		second := use(t, tokens, first)
		clock.at = clock.at.Add(10*time.Second - 1)
		if again := use(t, tokens, first); again != second || second == first || second == "" {
			t.Errorf("values %q and %q of two uses, want the same new one", second, again)
		}
		clock.at = clock.at.Add(1)
		if _, ok := tokens.Find(first); ok || use(t, tokens, first) != "" {
			t.Error("the first value works after its grace")
		}
		if third := use(t, tokens, second); third == "" || third == second {
			t.Error("the second value does not work")
		}
	})
	// otherwise a stolen value lives on: django-oauth-toolkit#1617
	t.Run("one generation alone", func(t *testing.T) {
		t.Parallel()
		tokens, _ := newTokens(t)
		_, first := tokens.Issue(grant.Refresh{}, time.Hour)
		second := use(t, tokens, first)
		third := use(t, tokens, second)
		if use(t, tokens, first) != "" || use(t, tokens, second) != third {
			t.Error("the value before the last works, or the last does not")
		}
	})
	t.Run("a repeated use does not lengthen it", func(t *testing.T) {
		t.Parallel()
		tokens, clock := newTokens(t)
		_, first := tokens.Issue(grant.Refresh{}, time.Hour)
		for range 3 {
			use(t, tokens, first)
			clock.at = clock.at.Add(4 * time.Second)
		}
		if use(t, tokens, first) != "" {
			t.Error("the first value works 12 seconds after its first use")
		}
	})
	t.Run("a revocation ends both", func(t *testing.T) {
		t.Parallel()
		tokens, _ := newTokens(t)
		issued, first := tokens.Issue(grant.Refresh{}, time.Hour)
		second := use(t, tokens, first)
		tokens.RevokeID(issued.ID)
		if use(t, tokens, first) != "" || use(t, tokens, second) != "" {
			t.Error("a value of the revoked token works")
		}
	})
	t.Run("the next value cannot be told", func(t *testing.T) {
		t.Parallel()
		one, _ := newTokens(t)
		other, _ := newTokens(t)
		_, first := one.Issue(grant.Refresh{}, time.Hour)
		if len(use(t, one, first)) < 43 || use(t, other, first) != "" {
			t.Error("the next value is shorter than 256 bits, or another server takes it")
		}
	})
}

// TestRefreshTokens_areBounded: once full, what has expired goes first, then the oldest.
func TestRefreshTokens_areBounded(t *testing.T) {
	t.Parallel()
	tokens, clock := newTokens(t)
	old, _ := tokens.Issue(grant.Refresh{}, time.Hour)
	clock.at = clock.at.Add(time.Second)
	expired, _ := tokens.Issue(grant.Refresh{}, time.Second)
	clock.at = clock.at.Add(time.Second)
	for range 50_000 - 2 {
		tokens.Issue(grant.Refresh{}, time.Hour)
	}
	tokens.Issue(grant.Refresh{}, time.Hour)
	if _, ok := tokens.FindID(old.ID); !ok {
		t.Error("a token in force had to go while an expired one was there")
	}
	if _, ok := tokens.FindID(expired.ID); ok {
		t.Error("the expired token is found")
	}
	newest, _ := tokens.Issue(grant.Refresh{}, time.Hour)
	if _, ok := tokens.FindID(old.ID); ok {
		t.Error("50001 tokens are kept")
	}
	if _, ok := tokens.FindID(newest.ID); !ok {
		t.Error("the newest token is not kept")
	}
}
