package storefront_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is an answer, read as a browser reads it.
type page struct {
	*http.Response
	body string
	root *html.Node
}

func newPage(t testing.TB, res *http.Response, body string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return page{res, body, root}
}

// all gives the elements with one of the names, in the order of the page; without a name every element.
func (p page) all(names ...string) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			found = append(found, n)
		}
	}
	return found
}

func (p page) byID(id string) *html.Node {
	for _, n := range p.all() {
		if attr(n, "id") == id {
			return n
		}
	}
	return nil
}

// text is what an element says, with single spaces.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (p page) text() string { return text(p.root) }

func (p page) heading() string {
	if all := p.all("h1"); len(all) == 1 {
		return text(all[0])
	}
	return ""
}

func attr(n *html.Node, name string) string {
	value, _ := lookup(n, name)
	return value
}

func lookup(n *html.Node, name string) (string, bool) {
	if n == nil {
		return "", false
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// value is what a field of a form holds.
func (p page) value(name string) string {
	for _, n := range p.all("input", "textarea", "select") {
		if attr(n, "name") != name {
			continue
		}
		_, checked := lookup(n, "checked")
		switch {
		case n.Data == "textarea" && n.FirstChild != nil:
			return n.FirstChild.Data
		case n.Data == "select":
			return chosen(n)
		case attr(n, "type") != "radio" && attr(n, "type") != "checkbox", checked:
			return attr(n, "value")
		}
	}
	return ""
}

func chosen(selection *html.Node) string {
	for n := range selection.Descendants() {
		if _, selected := lookup(n, "selected"); selected {
			return attr(n, "value")
		}
	}
	return ""
}

// links gives the addresses that the page leads to, by links and forms.
func (p page) links() []string {
	var to []string
	for _, n := range p.all("a", "form") {
		to = append(to, attr(n, "href")+attr(n, "action"))
	}
	return to
}

func (p page) leadsTo(target string) bool { return slices.Contains(p.links(), target) }
