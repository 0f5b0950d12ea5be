package browser

import (
	"bytes"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// form is a login form: one with a field for a password.
type form struct {
	action   *url.URL
	values   url.Values // what it holds as it came: hidden fields, ticked boxes
	name     string     // of the field for the e-mail
	password string     // of the field for the password
}

var errNoForm = errors.New("the page has no login form")

// loginForm finds the form on the page. It must be sent by POST, or the password would stand in an address.
func loginForm(page Page) (form, error) {
	root, err := html.Parse(bytes.NewReader(page.Body))
	if err != nil {
		return form{}, errNoForm
	}
	for node := range root.Descendants() {
		if node.DataAtom != atom.Form {
			continue
		}
		f := readForm(node)
		if f.password == "" {
			continue
		}
		if !strings.EqualFold(attribute(node, "method"), "post") {
			return form{}, errors.New("the login form is not sent by POST")
		}
		f.action, err = page.URL.Parse(attribute(node, "action"))
		return f, err
	}
	return form{}, errNoForm
}

func readForm(node *html.Node) form {
	f := form{values: url.Values{}}
	for n := range node.Descendants() {
		if n.DataAtom == atom.Input {
			f.readInput(n)
		}
	}
	return f
}

func (f *form) readInput(n *html.Node) {
	name, value := attribute(n, "name"), attribute(n, "value")
	if name == "" || has(n, "disabled") {
		return
	}
	switch strings.ToLower(attribute(n, "type")) {
	case "password":
		f.password = name
	case "", "text", "email":
		f.values.Add(name, value)
		if f.name == "" {
			f.name = name
		}
	case "checkbox", "radio":
		if has(n, "checked") {
			f.values.Add(name, value)
		}
	case "submit", "button", "image", "reset", "file":
	default:
		f.values.Add(name, value)
	}
}

func (f form) fill(who Person) url.Values {
	f.values.Set(f.name, who.Email)
	f.values.Set(f.password, who.Password)
	return f.values
}

func attribute(n *html.Node, name string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
