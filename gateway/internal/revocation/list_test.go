package revocation_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"testing"
	"time"

	"storefront/gateway/internal/revocation"
	"storefront/shared/auth"
)

// The grain is the second: iat knows no less.
func TestList_Refuses(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory()) // noon is 250 ms into its second
	g.mustTake(t, message(t, "user.delete", person(alice)))
	for name, tt := range map[string]struct {
		issued time.Time
		want   bool
	}{
		"long before":                        {noon.Add(-20 * time.Hour), true},
		"the second before":                  {noon.Add(-time.Second).Truncate(time.Second), true},
		"the second of the event":            {noon.Truncate(time.Second), true},
		"later in the second of the event":   {noon.Truncate(time.Second).Add(999 * time.Millisecond), true},
		"the second after":                   {noon.Truncate(time.Second).Add(time.Second), false},
		"long after":                         {noon.Add(time.Hour), false},
		"a token that does not say when":     {time.Time{}, true},
		"a time zone ahead, the same moment": {noon.In(time.FixedZone("", 7200)), true},
	} {
		if got := g.list.Refuses(auth.Principal{Subject: alice}, tt.issued); got != tt.want {
			t.Errorf("%s: Refuses(%v) = %t, want %t", name, tt.issued, got, tt.want)
		}
		if g.list.Refuses(auth.Principal{Subject: bob}, tt.issued) {
			t.Errorf("%s: bob is refused", name)
		}
	}
}

// A revocation ends with the last token that it is about: by what the event says of the application, or by the setting.
func TestList_forgets(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "ES256")
	lives := func(lives fields) fields { return fields{"userId": alice, "applicationTimeToLiveInSeconds": lives} }
	for name, tt := range map[string]struct {
		members fields
		setting time.Duration
		want    time.Duration
	}{
		"as the event says":              {lives(fields{ours: 600, stranger: 7200}), 0, 10 * time.Minute},
		"the event over the setting":     {lives(fields{ours: 7200}), time.Hour, 2 * time.Hour},
		"the event says too much":        {lives(fields{ours: 1 << 40}), time.Hour, 24 * time.Hour},
		"the event says others'":         {lives(fields{stranger: 600}), time.Hour, time.Hour},
		"the event says nothing":         {fields{"userId": alice}, 30 * time.Minute, 30 * time.Minute},
		"neither says anything":          {fields{"userId": alice}, 0, 24 * time.Hour},
		"a second":                       {lives(fields{ours: 1}), 0, time.Second},
		"one token, as the event says":   {fields{"userId": alice, "refreshToken": fields{"id": refresh}, "applicationTimeToLiveInSeconds": fields{ours: 60}}, 0, time.Minute},
		"everyone's, as the event says":  {fields{"applicationId": ours, "applicationTimeToLiveInSeconds": fields{ours: 60}}, 0, time.Minute},
		"everyone's, by the setting":     {fields{"applicationId": ours}, time.Hour, time.Hour},
		"an application named elsewhere": {fields{"userId": alice, "applicationTimeToLiveInSeconds": fields{}}, 0, 24 * time.Hour},
	} {
		g := newGateway(t, id, revocation.NewMemory(), func(cfg *revocation.Config) { cfg.MaxTokenLife = tt.setting })
		g.mustTake(t, message(t, "jwt.refresh-token.revoke", tt.members))
		refuses := func() bool {
			return g.list.Refuses(auth.Principal{Subject: alice, SessionID: refresh}, noon)
		}
		g.advance(tt.want + revocation.Leeway - time.Millisecond)
		if !refuses() {
			t.Errorf("%s: a token that is still good passes", name)
		}
		g.advance(time.Millisecond)
		if refuses() {
			t.Errorf("%s: refused for longer than %v", name, tt.want)
		}
	}
}

// What has ended takes no room, though nothing new comes.
func TestList_tidies(t *testing.T) {
	t.Parallel()
	log := &brokenLog{}
	g := newGateway(t, newIdentity(t, "ES256"), log)
	g.run(t)
	log.put(entry(alice, 0, time.Minute), entry(bob, 0, time.Hour), entry("ended", -time.Hour, time.Minute))
	await(t, "both are listed", func() bool { return g.list.Size() == 2 })
	g.advance(time.Minute)
	await(t, "alice's has gone", func() bool { return g.list.Size() == 1 })
	if !g.refuses(bob, 0) {
		t.Error("bob's has gone too")
	}
	g.advance(time.Hour)
	await(t, "all have gone", func() bool { return g.list.Size() == 0 })
}

// Revocations are forgotten in the order in which they end, also those that were lengthened meanwhile.
func TestList_tidiesInOrder(t *testing.T) {
	t.Parallel()
	const users = 500
	log := &brokenLog{}
	for _, factor := range []int{7, 11} { // each user twice, in another order, with another end
		for i := range users {
			minutes := 1 + i*factor%users
			log.put(entry(strconv.Itoa(i*13%users), 0, time.Duration(minutes)*time.Minute))
		}
	}
	left := map[revocation.Digest]time.Time{}
	for _, e := range log.entries {
		if e.Until.After(left[e.Whom]) {
			left[e.Whom] = e.Until
		}
	}
	g := newGateway(t, newIdentity(t, "ES256"), log)
	g.run(t)
	for len(left) > 0 {
		g.advance(10 * time.Minute)
		maps.DeleteFunc(left, func(_ revocation.Digest, until time.Time) bool { return !until.After(g.now()) })
		await(t, "as many as have not ended", func() bool { return g.list.Size() == int64(len(left)) })
	}
}

// Two revocations of one user are one, which refuses what either would, in whatever order they come.
func TestList_mergesInAnyOrder(t *testing.T) {
	t.Parallel()
	first, second := entry(alice, 0, time.Hour), entry(alice, 10*time.Second, time.Minute)
	for _, order := range [][]revocation.Entry{{first, second}, {second, first}} {
		log := &brokenLog{entries: order}
		g := newGateway(t, newIdentity(t, "ES256"), log)
		g.run(t)
		if n := g.list.Size(); n != 1 {
			t.Errorf("%d revocations, want 1", n)
		}
		g.advance(30 * time.Minute)
		if !g.refuses(alice, 0) || !g.refuses(alice, 10*time.Second) || g.refuses(alice, 11*time.Second) {
			t.Errorf("refuses at 0 s: %t, 10 s: %t, 11 s: %t, want only the last to pass",
				g.refuses(alice, 0), g.refuses(alice, 10*time.Second), g.refuses(alice, 11*time.Second))
		}
	}
}

// More than the bound: those that end soonest go, and the log says so once a minute.
func TestList_isBounded(t *testing.T) {
	t.Parallel()
	const surplus = 1000
	log := &brokenLog{}
	for i := range revocation.MaxListed + surplus {
		life := time.Hour + time.Duration(i*7919%(revocation.MaxListed+surplus))*time.Millisecond // no order
		log.put(entry(strconv.Itoa(i), 0, life))
	}
	g := newGateway(t, newIdentity(t, "ES256"), log)
	g.run(t)
	if n := g.list.Size(); n != revocation.MaxListed {
		t.Errorf("%d revocations, want %d", n, revocation.MaxListed)
	}
	for i := range revocation.MaxListed + surplus {
		kept := i*7919%(revocation.MaxListed+surplus) >= surplus
		if got := g.refuses(strconv.Itoa(i), 0); got != kept {
			t.Fatalf("user %d, kept: %t, refused: %t", i, kept, got)
		}
	}
	const warning = "too many revocations"
	if n := g.logged.count(warning); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	g.advance(time.Minute)
	log.put(entry("one more", 0, 2*time.Hour))
	await(t, "the next minute's warning", func() bool { return g.logged.count(warning) == 2 })
	if want := "dropped=1000 "; g.logged.count(want) != 1 {
		t.Errorf("the second warning does not say %s:\n%s", want, g.logged)
	}
}

// While the log is away the list keeps what it knows, tries again and again, and says so once.
func TestList_logAway(t *testing.T) {
	t.Parallel()
	log := &brokenLog{}
	g := newGateway(t, newIdentity(t, "ES256"), log)
	if g.list.Ready() {
		t.Error("ready before anything was read")
	}
	g.run(t)
	log.put(entry(alice, 0, time.Hour))
	await(t, "alice is refused", func() bool { return g.refuses(alice, 0) })
	log.fail(errors.New("away"))
	before := log.tries()
	await(t, "some tries", func() bool { return log.tries() > before+3 })
	if !g.refuses(alice, 0) || !g.list.Ready() {
		t.Error("what is known is forgotten while the log is away")
	}
	log.put(entry(bob, 0, time.Hour))
	log.fail(nil)
	await(t, "bob is refused", func() bool { return g.refuses(bob, 0) })
	if away, back := g.logged.count("cannot be read"), g.logged.count("are read again"); away != 1 || back != 1 {
		t.Errorf("%d lines of the outage's start, %d of its end, want one each:\n%s", away, back, g.logged)
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "ES256")
	good := func() revocation.Config {
		g := &ended{}
		return revocation.Config{Keys: auth.StaticKeys(id.key.Key), ClientID: ours, Log: revocation.NewMemory(), Sessions: g, Logger: discard}
	}
	for name, spoil := range map[string]func(*revocation.Config){
		"no keys":         func(c *revocation.Config) { c.Keys = nil },
		"no client id":    func(c *revocation.Config) { c.ClientID = "" },
		"no log":          func(c *revocation.Config) { c.Log = nil },
		"no sessions":     func(c *revocation.Config) { c.Sessions = nil },
		"no logger":       func(c *revocation.Config) { c.Logger = nil },
		"negative life":   func(c *revocation.Config) { c.MaxTokenLife = -time.Second },
		"life beyond 24h": func(c *revocation.Config) { c.MaxTokenLife = revocation.MaxTokenLife + 1 },
	} {
		cfg := good()
		spoil(&cfg)
		if _, _, err := revocation.New(cfg); err == nil {
			t.Errorf("%s: New accepts it", name)
		}
	}
	if _, _, err := revocation.New(good()); err != nil {
		t.Errorf("New = %v", err)
	}
}

// The end of ctx ends a reader that waits.
func TestList_RunEndsWithContext(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); g.list.Run(ctx) }()
	await(t, "the list is ready", g.list.Ready)
	cancel()
	<-done
	if out := g.logged.String(); out != "" {
		t.Errorf("the end is logged as an outage: %s", out)
	}
}
