package storefront_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/problem"
)

// typed is a filled-in editor.
func typed() url.Values {
	return url.Values{
		"name": {" Tea <b>pot</b> "}, "sku": {"KIT-0009"}, "category": {"kitchen"}, "price": {"39,5"}, "currency": {"eur"},
		"description": {"Two lines,\r\nas browsers send them."}, "active": {"on"}, "version": {"3"},
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.get(t, "admin", "/edit/1")
	for name, want := range map[string]string{
		"name": "Espresso cup", "sku": "KIT-0001", "category": "kitchen", "price": "9.05", "currency": "EUR", "description": "\nPorcelain.", "active": "on", "version": "3",
	} {
		if got := p.value(name); strings.TrimPrefix(got, "\n") != strings.TrimPrefix(want, "\n") {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	saved := s.post(t, "admin", "/edit/1", typed())
	if saved.StatusCode != http.StatusSeeOther || saved.Header.Get("Location") != "/shop/1?saved=4" {
		t.Errorf("saving = %d to %s", saved.StatusCode, saved.Header.Get("Location"))
	}
	sent := s.last(t, http.MethodPut)
	body, err := json.Marshal(sent.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sku":"KIT-0009","name":"Tea \u003cb\u003epot\u003c/b\u003e","description":"Two lines,\nas browsers send them.","price":3950,"currency":"EUR","category":"kitchen","active":true}`
	if diff := cmp.Diff(http.Header{"If-Match": {`"3"`}}, sent.Header); diff != "" || sent.URI != "/products/1" || string(body) != want {
		t.Errorf("the catalog got %s %s (-want +got)\n%s", sent.URI, body, diff)
	}
}

func TestEdit_new(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if p := s.get(t, "admin", "/edit/new"); p.value("currency") != "EUR" || p.value("active") != "on" || p.value("name") != "" {
		t.Error("a new product is not empty")
	}
	form := typed()
	form.Del("active")
	if p := s.post(t, "admin", "/edit/new", form); p.Header.Get("Location") != "/shop/71?saved=1" {
		t.Errorf("= %d to %s", p.StatusCode, p.Header.Get("Location"))
	}
	if sent := s.last(t, http.MethodPost); sent.URI != "/products" || len(sent.Header) != 0 {
		t.Errorf("the catalog got %s with %v", sent.URI, sent.Header)
	}
}

// Whatever stands in the way, what was typed is still there, and what is wrong stands beside its field.
func TestEdit_keepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		change func(url.Values)
		status int
		faulty map[string]string // by field
		says   string
	}{
		"fields": {
			answer: refuse(422, "invalid", problem.Field{Name: "sku", Message: "must be capital"}, problem.Field{Name: "name", Message: "must be shorter"}), status: 422,
			faulty: map[string]string{"sku": "Article number (SKU) must be capital.", "name": "Name must be shorter."}, says: "2 things need another look",
		},
		"a field that is not in the form": {answer: refuse(422, "invalid", problem.Field{Name: "colour", Message: "is not known here"}), status: 422, says: "colour is not known here."},
		"a taken SKU":                     {answer: refuse(409, "sku-taken"), status: 422, faulty: map[string]string{"sku": "Article number (SKU) must be another one: a product has this already."}},
		"no price": {
			change: func(v url.Values) { v.Set("price", "cheap") }, status: 422,
			faulty: map[string]string{"price": "Price must be an amount such as 12.50."}, says: "One thing needs another look",
		},
		"part of a yen":     {change: func(v url.Values) { v.Set("currency", "JPY") }, status: 422, faulty: map[string]string{"price": "Price must be an amount such as 1250."}},
		"another objection": {answer: refuse(400, "malformed"), status: 422, says: "No, says the service."},
		"silence":           {answer: errSilent, status: 503, says: "nobody knows whether this is saved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			if tt.answer != nil {
				s.say("catalog PUT /products/1", tt.answer)
			}
			form := typed()
			if tt.change != nil {
				tt.change(form)
			}
			p := s.post(t, "admin", "/edit/1", form)
			if p.StatusCode != tt.status || !strings.Contains(p.text(), tt.says) {
				t.Errorf("= %d %s, want %d, %q", p.StatusCode, p.text(), tt.status, tt.says)
			}
			checkKept(t, p, form)
			for field, fault := range tt.faulty {
				if got := text(p.byID(field + "-fault")); got != fault {
					t.Errorf("beside %s stands %q, want %q", field, got, fault)
				}
				if attr(p.byID(field), "aria-invalid") != "true" || !p.leadsTo("#"+field) {
					t.Errorf("%s is not marked, or the summary does not lead there", field)
				}
			}
		})
	}
}

// checkKept holds that the page's form has what was typed.
func checkKept(t testing.TB, p page, form url.Values) {
	t.Helper()
	for name := range form {
		want := strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n"))
		if got := strings.TrimPrefix(p.value(name), "\n"); strings.TrimSpace(strings.ReplaceAll(got, "\r\n", "\n")) != want {
			t.Errorf("%s = %q, want %q as it was typed", name, got, want)
		}
	}
}

// Somebody was faster: nothing is overwritten unseen, nothing that was typed is lost, and the next save is for the version that was shown.
func TestEdit_somebodyWasFaster(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("catalog PUT /products/1", refuse(http.StatusPreconditionFailed, "product-changed"))
	theirs := cup
	theirs.Version, theirs.Price, theirs.Active = 4, 1000, false
	s.say("catalog GET /products/1", theirs)
	form := typed()
	p := s.post(t, "admin", "/edit/1", form)
	if p.StatusCode != http.StatusConflict || p.value("version") != "4" {
		t.Errorf("= %d with version %q, want 409 with 4", p.StatusCode, p.value("version"))
	}
	form.Set("version", "4")
	checkKept(t, p, form)
	for _, seen := range []string{"Somebody else changed this product", "Price 10.00", "On sale no", "Name Espresso cup"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the page does not say %q: %s", seen, p.text())
		}
	}
	if strings.Contains(p.text(), "Category kitchen") {
		t.Error("the page shows what is the same")
	}
}

// A session that ends in the middle of a form, or cannot be looked up, costs nothing that was typed.
func TestForms_outliveTheSession(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 400)
	move := url.Values{"kind": {"receive"}, "product_id": {"1"}, "quantity": {"5"}, "note": {long}, "key": {"0123456789"}, "step": {"record"}}
	edit := typed()
	edit.Set("description", long)
	for target, form := range map[string]url.Values{"/edit/1": edit, "/edit/new": edit, "/stock/1/move": move, "/account/sessions/phone/end": {}} {
		s := newShop(t)
		for as, want := range map[string]struct {
			header []string
			status int
			title  string
		}{"": {nil, 401, "Your session has ended"}, "admin": {[]string{"Store", "away"}, 503, "Not sent yet"}} {
			p := s.post(t, as, target, form, want.header...)
			if p.StatusCode != want.status || p.heading() != want.title || !p.leadsTo(target) {
				t.Errorf("%s as %q = %d %q, leads to %v", target, as, p.StatusCode, p.heading(), p.links())
			}
			if (want.status == 401) != p.leadsTo("/login?return_to=/signed-in") {
				t.Errorf("%s as %q leads to %v", target, as, p.links())
			}
			checkKept(t, p, form)
			if again := s.post(t, "admin", target, p.form(target)); again.StatusCode != http.StatusSeeOther {
				t.Errorf("%s sent again = %d %s", target, again.StatusCode, again.text())
			}
		}
	}
}

// form is what a browser sends when the form to the target is sent as it is.
func (p page) form(target string) url.Values {
	values := url.Values{}
	for _, form := range p.all("form") {
		if attr(form, "action") != target {
			continue
		}
		for n := range form.Descendants() {
			if name := attr(n, "name"); n.Data == "input" && name != "" {
				values.Add(name, attr(n, "value"))
			}
		}
	}
	return values
}

// A form that is refused for another reason is not offered again: it may be another site's, and the button would be ours.
func TestForms_keepsNothingOfARefusedForm(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.post(t, "customer", "/edit/1", typed())
	if p.StatusCode != http.StatusForbidden || p.leadsTo("/edit/1") || strings.Contains(p.body, "KIT-0009") {
		t.Errorf("= %d, leads to %v", p.StatusCode, p.links())
	}
	if p := s.post(t, "", "/edit/1", typed(), "Accept", "*/*"); p.StatusCode != 401 || p.Header.Get("Content-Type") != problem.ContentType {
		t.Errorf("a program = %d %s", p.StatusCode, p.Header.Get("Content-Type"))
	}
}

// The catalog's word on who may is the last one.
func TestEdit_refusedByTheCatalog(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{401: "Your session has ended", 403: "This page is for admins", 404: "We cannot find this"} {
		s := newShop(t)
		s.say("catalog PUT /products/1", refuse(status, "some-code"))
		if p := s.post(t, "admin", "/edit/1", typed()); p.StatusCode != status || p.heading() != want {
			t.Errorf("%d = %d %s", status, p.StatusCode, p.heading())
		}
	}
}
