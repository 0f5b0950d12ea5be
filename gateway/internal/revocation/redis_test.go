package revocation_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"storefront/gateway/internal/revocation"
	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
)

func dial(t testing.TB, url string) *redis.Client {
	t.Helper()
	client, err := session.OpenRedis(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// replica is a gateway with a connection of its own.
func replica(t testing.TB, id identity, url string) *gateway {
	t.Helper()
	return newGateway(t, id, revocation.NewRedis(dial(t, url)))
}

// timed waits, and notes how long that took: the goal is a second, or two after an outage.
func timed(t testing.TB, what string, done func() bool) {
	t.Helper()
	start := time.Now()
	await(t, what, done)
	t.Logf("%s after %v", what, time.Since(start).Round(time.Millisecond))
}

func TestRedis_replicasTellEachOther(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	one, two := replica(t, id, server.URL), replica(t, id, server.URL)
	one.run(t)
	two.run(t)
	one.mustTake(t, message(t, "user.delete", person(alice)))
	if !one.refuses(alice, 0) {
		t.Error("the replica that took the event does not refuse at once")
	}
	timed(t, "the other replica refuses", func() bool { return two.refuses(alice, 0) })
	two.mustTake(t, message(t, "jwt.refresh-token.revoke", fields{"applicationId": ours}, created(time.Second)))
	timed(t, "the first replica refuses everyone", func() bool { return one.refuses(bob, 0) })
	one.mustTake(t, message(t, "jwt.refresh-token.revoke", oneToken(), created(time.Minute)))
	timed(t, "the other replica refuses the session", func() bool {
		return two.list.Refuses(auth.Principal{Subject: bob, SessionID: refresh}, noon.Add(time.Minute))
	})
	if n := len(two.sessions.all()); n != 0 {
		t.Errorf("sessions were ended twice: the store is shared, and one replica has done it")
	}
}

// A gateway that starts reads what happened before; also more than a page of it.
func TestRedis_restartOfTheGateway(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	first := replica(t, id, server.URL) // it need not even read
	first.mustTake(t, message(t, "user.delete", person(alice)))
	log := revocation.NewRedis(dial(t, server.URL))
	for range 2500 {
		if err := log.Append(t.Context(), entry("many", 0, time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	first.mustTake(t, message(t, "user.delete", person(bob)))
	second := replica(t, id, server.URL)
	second.run(t)
	if !second.refuses(alice, 0) || !second.refuses(bob, 0) {
		t.Error("ready, and does not know what happened before it started")
	}
}

// Connections are cut at any moment, and no entry is missed.
func TestRedis_killedConnections(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	reader, admin := replica(t, id, server.URL), dial(t, server.URL)
	log := revocation.NewRedis(admin)
	reader.run(t)
	kill := func() {
		t.Helper()
		if err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
	}
	users := make([]string, 30)
	for i := range users {
		users[i] = strings.Repeat("u", i+1)
		kill()
		if err := log.Append(t.Context(), entry(users[i], 0, time.Hour)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // at other times the next kill meets a reader that is not back yet
			timed(t, "the reader is back", func() bool { return reader.refuses(users[i], 0) })
		}
	}
	for _, user := range users {
		await(t, "revocation of "+user, func() bool { return reader.refuses(user, 0) })
	}
}

// While Redis is away the list keeps what it knows, the webhook asks FusionAuth to send again, and what comes after is
// known within two seconds, also when the server has lost its data and counts anew.
func TestRedis_restartOfRedis(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	one, two := replica(t, id, server.URL), replica(t, id, server.URL)
	one.run(t)
	two.run(t)
	one.mustTake(t, message(t, "user.delete", person(alice)))
	await(t, "the other replica refuses", func() bool { return two.refuses(alice, 0) })

	server.Stop()
	await(t, "the outage is noticed", func() bool { return two.logged.count("cannot be read") == 1 })
	event := message(t, "user.delete", person(bob))
	if a := one.send(t, event); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s, want a 503 with Retry-After", a.status, a.body)
	}
	if !one.refuses(alice, 0) || !two.refuses(alice, 0) || !one.refuses(bob, 0) || two.refuses(bob, 0) {
		t.Error("a replica does not keep what it knows")
	}

	server.Start()
	admin := dial(t, server.URL)
	counted := redis.XAddArgs{Stream: revocation.Stream, ID: "1-1", Values: []any{
		"whom", digestText("early"), "at", noon.UnixMilli(), "until", noon.Add(time.Hour).UnixMilli(),
	}}
	if err := admin.XAdd(t.Context(), &counted).Err(); err != nil {
		t.Fatal(err)
	}
	timed(t, "the other replica is back", func() bool { return two.refuses("early", 0) })
	await(t, "the event can be sent again", func() bool { return one.send(t, event).status == http.StatusNoContent })
	timed(t, "the other replica knows it", func() bool { return two.refuses(bob, 0) })
	if !two.refuses(alice, 0) {
		t.Error("what Redis has lost is lost here too")
	}
	for name, want := range map[string]int{"cannot be read": 1, "are read again": 1} {
		if got := two.logged.count(name); got != want {
			t.Errorf("%d lines with %q, want %d:\n%s", got, name, want, two.logged)
		}
	}
}

// A gateway starts while Redis is away, and is not ready before it has read.
func TestRedis_startBeforeRedis(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	server.Stop()
	g := replica(t, id, server.URL)
	done := make(chan struct{})
	go func() {
		defer close(done)
		await(t, "the outage is noticed", func() bool { return g.logged.count("cannot be read") == 1 })
		if g.list.Ready() {
			t.Error("ready without having read anything")
		}
		server.Start()
	}()
	g.run(t)
	<-done
}

// The log names nobody, keeps what may still matter, and nothing for ever.
func TestRedis_whatIsKept(t *testing.T) {
	t.Parallel()
	id, server := newIdentity(t, "ES256"), sessiontest.StartRedis(t)
	g, admin := replica(t, id, server.URL), dial(t, server.URL)
	stale := redis.XAddArgs{Stream: revocation.Stream, ID: "1-1", Values: []any{"from", "long ago"}}
	for range 300 { // Redis trims by whole nodes of some hundred entries
		if err := admin.XAdd(t.Context(), &stale).Err(); err != nil {
			t.Fatal(err)
		}
		stale.ID = "1-*"
	}
	g.mustTake(t, message(t, "user.delete", person(alice), registration(ours)))
	g.mustTake(t, message(t, "jwt.refresh-token.revoke", oneToken(), person(alice)))
	kept, err := admin.XRange(t.Context(), revocation.Stream, "-", "+").Result()
	if err != nil || len(kept) > 200 {
		t.Fatalf("%d entries, %v, want the old ones to be gone", len(kept), err)
	}
	var values []map[string]any
	for _, m := range kept[len(kept)-2:] {
		for _, v := range m.Values {
			for _, personal := range []string{alice, refresh, "alice", "@", ours} {
				if strings.Contains(v.(string), personal) {
					t.Errorf("the log has %q in %v", personal, m.Values)
				}
			}
		}
		values = append(values, m.Values)
	}
	const at, until = "1796126400250", "1796212860250" // noon, and a day and a minute later
	want := []map[string]any{
		{"whom": digestText(alice), "at": at, "until": until},
		{"whom": tokenText(refresh), "at": at, "until": until},
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if ttl := admin.PTTL(t.Context(), revocation.Stream).Val(); ttl <= revocation.MaxTokenLife || ttl > revocation.Retention {
		t.Errorf("the log lives for %v, want up to %v", ttl, revocation.Retention)
	}
}

// Entries that another version has written, or a vandal, do not stop the reading.
func TestRedis_strangeEntries(t *testing.T) {
	t.Parallel()
	server := sessiontest.StartRedis(t)
	admin := dial(t, server.URL)
	log := revocation.NewRedis(admin)
	whom, at := digestText(bob), noon.UnixMilli()
	for _, values := range [][]any{
		{"other", "field"},
		{"whom", whom, "at", at},
		{"whom", whom, "until", at},
		{"whom", whom, "at", "now", "until", at},
		{"whom", whom, "at", at, "until", "1e99"},
		{"whom", whom[2:], "at", at, "until", at},
		{"whom", "x" + whom[1:], "at", at, "until", at},
		{"at", at, "until", at},
	} {
		if err := admin.XAdd(t.Context(), &redis.XAddArgs{Stream: revocation.Stream, Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	want := entry(alice, 0, time.Hour)
	if err := log.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := revocation.ReadAll(t.Context(), log)
	if diff := cmp.Diff([]revocation.Entry{want}, got); diff != "" || err != nil {
		t.Errorf("Read = %v (-want +got):\n%s", err, diff)
	}
}

func digestText(user string) string { d := revocation.User(user); return hex.EncodeToString(d[:]) }

func tokenText(id string) string { d := revocation.Token(id); return hex.EncodeToString(d[:]) }
