package storefront_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"storefront/gateway/internal/storefront"
	"storefront/shared/problem"

	"github.com/google/go-cmp/cmp"
)

func moving(change ...string) url.Values {
	v := url.Values{"kind": {"receive"}, "product_id": {"1"}, "quantity": {"5"}, "note": {"delivery 12"}, "key": {"KEY0123456789"}}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// The first time nothing moves: the page shows what it comes to. The second time it is done, once, and the branch says so.
func TestMove(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	blank := s.get(t, "branch-manager", "/stock/1/move?product=2")
	if blank.value("product_id") != "2" || len(blank.value("key")) < 16 || blank.value("key") == s.get(t, "admin", "/stock/1/move").value("key") {
		t.Errorf("the form has product %q and key %q", blank.value("product_id"), blank.value("key"))
	}
	p := s.post(t, "branch-manager", "/stock/1/move", moving())
	for _, seen := range []string{"Receive from a supplier", "Espresso cup", "Harbour Street, Hamburg", "+5", "11 now, 16 afterwards", "delivery 12"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the question does not say %q: %s", seen, p.text())
		}
	}
	for _, m := range s.asked {
		if m.Method != http.MethodGet {
			t.Fatalf("%s %s before it was confirmed", m.Method, m.URI)
		}
	}
	form := p.form("/stock/1/move")
	form.Set("step", "record")
	done := s.post(t, "branch-manager", "/stock/1/move", form)
	if done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != "/stock/1?recorded=31" {
		t.Errorf("recording = %d to %s", done.StatusCode, done.Header.Get("Location"))
	}
	sent := s.last(t, http.MethodPost)
	body, err := json.Marshal(sent.Body)
	if err != nil || string(body) != `{"kind":"receive","product_id":1,"quantity":5,"note":"delivery 12"}` || sent.Header.Get("Idempotency-Key") != "KEY0123456789" {
		t.Errorf("inventory got %s, %v", body, sent.Header)
	}
	if p := s.get(t, "branch-manager", "/stock/1?recorded=31"); !strings.Contains(p.text(), "Recorded: −2 Espresso cup, 11 are here now.") {
		t.Errorf("the branch says %s", p.text())
	}
	if p := s.get(t, "branch-manager", "/stock/1?recorded=30"); strings.Contains(p.text(), "Recorded") {
		t.Error("the branch says that something was recorded of which it knows nothing")
	}
	// A colleague who records at the same moment does not hide it.
	s.say("inventory GET /branches/1/movements", j{"movements": []storefront.Movement{{ID: 32, Name: "Desk lamp", Change: 1, Stock: 1}, {ID: 31, Name: "Espresso cup", Change: -2, Stock: 11}}})
	if p := s.get(t, "branch-manager", "/stock/1?recorded=31"); !strings.Contains(p.text(), "Recorded: −2 Espresso cup, 11 are here now.") {
		t.Errorf("after a colleague's movement the branch says %s", p.text())
	}
}

func TestMove_kinds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form url.Values
		says string
		body string
	}{
		"sell":     {moving("kind", "sell"), "−5 In stock 11 now, 6 afterwards", `{"kind":"sell","product_id":1,"quantity":5}`},
		"adjust":   {moving("kind", "adjust", "quantity", "-11"), "−11 In stock 11 now, 0 afterwards", `{"kind":"adjust","product_id":1,"quantity":-11}`},
		"transfer": {moving("kind", "transfer", "to_branch", "3"), "To branch Old Mill", `{"kind":"transfer","product_id":1,"quantity":5,"to_branch":3}`},
		"new here": {moving("product_id", "", "other", "9"), "Product Tea pot", `{"kind":"receive","product_id":9,"quantity":5,"name":"Tea pot"}`},
	} {
		s := newShop(t)
		tt.form.Del("note")
		if p := s.post(t, "admin", "/stock/1/move", tt.form); !strings.Contains(p.text(), tt.says) {
			t.Errorf("%s: the question is %s, want %q", name, p.text(), tt.says)
		}
		tt.form.Set("step", "record")
		if p := s.post(t, "admin", "/stock/1/move", tt.form); p.StatusCode != http.StatusSeeOther {
			t.Errorf("%s = %d %s", name, p.StatusCode, p.text())
		}
		if body, err := json.Marshal(s.last(t, http.MethodPost).Body); err != nil || string(body) != tt.body {
			t.Errorf("%s: inventory got %s, want %s", name, body, tt.body)
		}
	}
}

// What can be seen to be wrong is said before the question, beside its field, with everything kept.
func TestMove_faults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form         url.Values
		field, fault string
	}{
		"no kind":                {moving("kind", ""), "kind", "one of these"},
		"an unknown kind":        {moving("kind", "steal"), "kind", "one of these"},
		"no product":             {moving("product_id", ""), "product_id", "must be chosen"},
		"no product number":      {moving("product_id", "", "other", "nine"), "other", "the number of a product"},
		"an unknown product":     {moving("product_id", "", "other", "404"), "other", "on sale"},
		"a forged product":       {moving("product_id", "404"), "product_id", "on sale"},
		"nothing":                {moving("quantity", "0"), "quantity", "other than 0"},
		"half":                   {moving("quantity", "1.5"), "quantity", "whole number"},
		"too large for a number": {moving("quantity", "99999999999999999999"), "quantity", "whole number"},
		"less than nothing":      {moving("quantity", "-5"), "quantity", "more than 0"},
		"more than there is":     {moving("kind", "sell", "quantity", "12"), "quantity", "there are 11"},
		"a transfer to nowhere":  {moving("kind", "transfer"), "to_branch", "must be chosen"},
		"a transfer to itself":   {moving("kind", "transfer", "to_branch", "1"), "to_branch", "must be chosen"},
	} {
		steps := []string{"", "record"}
		if name == "more than there is" {
			steps = steps[:1] // what is recorded may be sent a second time, when what is here is what it has left
		}
		for _, step := range steps {
			s := newShop(t)
			tt.form.Set("step", step)
			p := s.post(t, "admin", "/stock/1/move", tt.form)
			if p.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(p.byID(tt.field+"-fault")), tt.fault) {
				t.Errorf("%s, step %q = %d, beside %s stands %q, want %q", name, step, p.StatusCode, tt.field, text(p.byID(tt.field+"-fault")), tt.fault)
			}
			for _, kept := range []string{"quantity", "note", "other", "key"} {
				if p.value(kept) != tt.form.Get(kept) {
					t.Errorf("%s: %s = %q, want %q", name, kept, p.value(kept), tt.form.Get(kept))
				}
			}
		}
	}
}

// Inventory has the last word, at the moment at which it is done.
func TestMove_refused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		status int
		says   string
		newKey bool
	}{
		"somebody was faster": {refuse(409, "insufficient-stock"), 422, "somebody was faster", false},
		"a field":             {refuse(422, "invalid", problem.Field{Name: "note", Message: "must be shorter"}), 422, "Note must be shorter.", false},
		"a field of its own":  {refuse(422, "invalid", problem.Field{Name: "name", Message: "must be one line"}), 422, "name must be one line.", false},
		"something else":      {refuse(409, "stock-limit"), 422, "No, says the service.", false},
		"a key that is used":  {refuse(422, "idempotency-key-reused"), 422, "recorded before it was changed", true},
		"another's branch":    {refuse(403, "role-missing"), 403, "Forbidden", true},
	} {
		s := newShop(t)
		s.say("inventory POST /branches/1/movements", tt.answer)
		p := s.post(t, "admin", "/stock/1/move", moving("step", "record"))
		if p.StatusCode != tt.status || !strings.Contains(p.text(), tt.says) {
			t.Errorf("%s = %d %s, want %d %q", name, p.StatusCode, p.text(), tt.status, tt.says)
		}
		if (p.value("key") != "KEY0123456789") != tt.newKey {
			t.Errorf("%s: the key is %q", name, p.value("key"))
		}
	}
}

// An answer that never came leaves open whether it was done: the same form, with the same key, can be sent again without harm.
func TestMove_silence(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("inventory POST /branches/1/movements", errSilent)
	p := s.post(t, "admin", "/stock/1/move", moving("step", "record"))
	if p.StatusCode != http.StatusServiceUnavailable || !strings.Contains(p.text(), "it is recorded once, however often it is sent") || !strings.Contains(p.text(), "Espresso cup") {
		t.Errorf("= %d %s", p.StatusCode, p.text())
	}
	if p.value("key") != "KEY0123456789" || p.value("quantity") != "5" {
		t.Errorf("the form has key %q, quantity %q", p.value("key"), p.value("quantity"))
	}
}

// What was recorded although no answer came has changed the branch. Sent again, the form asks inventory the very same, which knows it by its key.
func TestMove_silenceAfterItWasDone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form   url.Values
		levels []storefront.Level // as the movement has left them
	}{
		"all of it sold":    {moving("kind", "sell", "quantity", "11"), []storefront.Level{{ProductID: 1, Name: "Espresso cup"}}},
		"all of it lost":    {moving("kind", "adjust", "quantity", "-11"), []storefront.Level{{ProductID: 1, Name: "Espresso cup"}}},
		"new to the branch": {moving("product_id", "", "other", "9"), []storefront.Level{{ProductID: 9, Name: "Tea pot", Quantity: 5}}},
	} {
		s := newShop(t)
		tt.form.Set("step", "record")
		if p := s.post(t, "admin", "/stock/1/move", tt.form); p.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", name, p.StatusCode, p.text())
		}
		first := s.last(t, http.MethodPost)
		s.say("inventory GET /branches/1/products", j{"branch": j{"id": 1, "name": "Harbour Street", "city": "Hamburg"}, "products": tt.levels})
		if p := s.post(t, "admin", "/stock/1/move", tt.form); p.StatusCode != http.StatusSeeOther {
			t.Errorf("%s, sent again: %d %s", name, p.StatusCode, p.text())
			continue
		}
		again := s.last(t, http.MethodPost)
		if diff := cmp.Diff(first.Body, again.Body); diff != "" || again.Header.Get("Idempotency-Key") != first.Header.Get("Idempotency-Key") {
			t.Errorf("%s: what is sent again is another request (-first +again):\n%s", name, diff)
		}
	}
}

func TestMove_changeOfMind(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.post(t, "admin", "/stock/1/move", moving("step", "change"))
	if p.StatusCode != http.StatusOK || p.heading() != "Record a movement" || p.value("quantity") != "5" || p.value("kind") != "receive" || p.value("key") != "KEY0123456789" {
		t.Errorf("= %d %s", p.StatusCode, p.text())
	}
	for _, forged := range []string{"", "short", "with space in it", "line\nbreak: in it", strings.Repeat("x", 200)} {
		if p := s.post(t, "admin", "/stock/1/move", moving("key", forged)); p.value("key") == forged || len(p.value("key")) < 16 {
			t.Errorf("the key %q stays", forged)
		}
	}
}
