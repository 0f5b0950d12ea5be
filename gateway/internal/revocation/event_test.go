package revocation_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/revocation"
)

// sample is FusionAuth's own example of all tokens of a user, with a user as it has them.
const sample = `{"event": {
	"applicationTimeToLiveInSeconds": {"e9fdb985-9173-4e01-9d73-ac2d60d1dc8e": 600},
	"createInstant": 1505762615056,
	"id": "e502168a-b469-45d9-a079-fd45f83e0406",
	"info": {"ipAddress": "42.42.42.42", "location": {"city": "Denver", "latitude": 39.77777}, "userAgent": "Mozilla/5.0"},
	"tenantId": "e872a880-b14f-6d62-c312-cb40f22af465",
	"type": "jwt.refresh-token.revoke",
	"userId": "7a1d0b4e-6a68-4f6e-8e3c-2f3a6c2d0001",
	"user": {"active": true, "email": "example@fusionauth.io", "id": "00000000-0000-0001-0000-000000000000"}
}}`

func TestParseEvent_sample(t *testing.T) {
	t.Parallel()
	got, err := revocation.ParseEvent([]byte(sample), ours)
	want := revocation.Event{
		Kind: "jwt.refresh-token.revoke", ID: "e502168a-b469-45d9-a079-fd45f83e0406", Subject: alice,
		Created: time.UnixMilli(1505762615056), Life: 10 * time.Minute, Ours: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("ParseEvent = %v (-want +got):\n%s", err, diff)
	}
}

// Members that decide are what they should be, or the event is refused: half of it must not become a smaller or a larger
// one. Each row replaces one part of the sample.
func TestParseEvent_refuses(t *testing.T) {
	t.Parallel()
	const user, kind = `"userId": "` + alice + `"`, `"type": "jwt.refresh-token.revoke"`
	for name, tt := range map[string]struct{ old, with, want string }{
		"userId is null":               {`"` + alice + `"`, `null`, "userId is not an id"},
		"userId is empty":              {`"` + alice + `"`, `""`, "userId is not an id"},
		"userId is a number":           {`"` + alice + `"`, `7`, "userId is not an id"},
		"userId is a list":             {`"` + alice + `"`, `["` + alice + `"]`, "userId is not an id"},
		"userId is endless":            {`"` + alice + `"`, `"` + strings.Repeat("a", 129) + `"`, "userId is not an id"},
		"userId twice":                 {user, user + `,` + user, "userId is there twice"},
		"userId twice, once escaped":   {user, user + `,"user\u0049d": "` + bob + `"`, "userId is there twice"},
		"type twice":                   {kind, kind + `,"type": "user.login.success"`, "type is there twice"},
		"user is a text":               {user, `"user": "` + alice + `", "x": 1`, "user is there twice"},
		"refreshToken is null":         {kind, kind + `,"refreshToken": null`, "refreshToken: not a JSON object"},
		"refreshToken is a text":       {kind, kind + `,"refreshToken": "x"`, "refreshToken: not a JSON object"},
		"refreshToken without id":      {kind, kind + `,"refreshToken": {"token": "x"}`, "refreshToken has no id"},
		"refreshToken with two ids":    {kind, kind + `,"refreshToken": {"id": "a", "id": "b"}`, "refreshToken: id is there twice"},
		"refreshToken with a wrong id": {kind, kind + `,"refreshToken": {"id": {}}`, "id is not an id"},
		"applicationId is null":        {kind, kind + `,"applicationId": null`, "applicationId is not an id"},
		"life is null":                 {`600`, `null`, "positive whole number"},
		"life is a text":               {`600`, `"600"`, "positive whole number"},
		"life is nothing":              {`600`, `0`, "positive whole number"},
		"life is negative":             {`600`, `-600`, "positive whole number"},
		"lives are a list":             {`{"e9fdb985-9173-4e01-9d73-ac2d60d1dc8e": 600}`, `[600]`, "applicationTimeToLiveInSeconds"},
		"time in another notation":     {`1505762615056`, `1.505762615056e12`, "positive whole number"},
		"a byte order mark":            {`{"event"`, "\ufeff" + `{"event"`, "not JSON"},
		"a comma too many":             {`"tenantId"`, `,"tenantId"`, "not JSON"},
		"a registration of nobody":     {kind, `"type": "user.registration.update"`, "registration has no applicationId"},
		"a registration that is none":  {kind, `"type": "user.registration.delete", "registration": []`, "registration: not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(sample, tt.old, tt.with, 1)
			if body == sample {
				t.Fatal("the row changes nothing")
			}
			got, err := revocation.ParseEvent([]byte(body), ours)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseEvent = %+v, %v, want an error with %q", got, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), alice) {
				t.Errorf("the error shows what the event says: %v", err)
			}
		})
	}
}

// An event that names somebody, in whatever broken way, must never become one about everyone.
func TestParseEvent_neverWidens(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]string{
		"a user without id":         `"user": {"email": "x"}`,
		"a user that is null":       `"user": null`,
		"an empty userId":           `"userId": ""`,
		"a token of nobody":         `"refreshToken": {"id": "x"}`,
		"a token without anything":  `"refreshToken": {}`,
		"nothing, not even where":   `"x": 1`,
		"the application as object": `"applicationId": {}`,
	} {
		where := `"applicationId": "` + ours + `",`
		if strings.Contains(name, "application") || strings.Contains(name, "where") {
			where = ""
		}
		body := `{"event": {"type": "jwt.refresh-token.revoke", "id": "1", "createInstant": 1505762615056, ` + where + members + `}}`
		if got, err := revocation.ParseEvent([]byte(body), ours); err == nil {
			t.Errorf("%s: ParseEvent = %+v, want an error", name, got)
		}
	}
}

// Whatever the parser accepts is JSON, names what it must, and says the same to encoding/json where that is exact.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{
		sample, `{}`, `{"event":{}}`, `{"event":null}`, `[]`, "",
		`{"event":{"type":"user.delete","id":"1","createInstant":1,"user":{"id":"u"}}}`,
		`{"event":{"type":"user.registration.update","id":"1","createInstant":1,"userId":"u","registration":{"applicationId":"` + ours + `"}}}`,
		`{"event":{"type":"jwt.refresh-token.revoke","id":"1","createInstant":1,"applicationId":"` + ours + `"}}`,
		`{"event":{"type":"jwt.refresh-token.revoke","id":"1","createInstant":1,"userId":"u","refreshToken":{"id":"r"}}}`,
		`{"event":{"type":"user.delete","TYPE":"user.login","id":"1","createInstant":1,"userId":"u","userId":"v"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := revocation.ParseEvent(body, ours)
		if err != nil {
			return
		}
		var all map[string]any
		if json.Unmarshal(body, &all) != nil || !utf8.Valid(body) {
			t.Fatalf("accepted, and no JSON: %q", body)
		}
		event := all["event"].(map[string]any)
		if e.Kind != event["type"] || e.ID != event["id"] || float64(e.Created.UnixMilli()) != event["createInstant"] {
			t.Errorf("%q: %+v", body, e)
		}
		if e.Life < 0 || e.Life > revocation.MaxTokenLife || e.Token != "" && e.Subject == "" {
			t.Errorf("%q: %+v", body, e)
		}
		everyone := e.Ours && e.Subject == ""
		if everyone && (e.Kind != "jwt.refresh-token.revoke" || event["applicationId"] != ours || event["user"] != nil || event["userId"] != nil) {
			t.Errorf("%q is about everyone: %+v", body, e)
		}
	})
}
