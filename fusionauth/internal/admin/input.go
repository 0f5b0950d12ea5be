package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"storefront/shared/config"
)

// input is what any of the actions may be told.
type input struct {
	KID     string        `json:"kid"`
	Secret  config.Secret `json:"secret"`
	Skew    span          `json:"skew"`
	Route   string        `json:"route"`
	Delay   span          `json:"delay"`
	Status  int           `json:"status"`
	Garbage bool          `json:"garbage"`
	Times   int           `json:"times"`

	ApplicationID string   `json:"applicationId"`
	Roles         []string `json:"roles"`
}

// span is a duration as Go writes it.
type span time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New(`not a duration such as "90s"`) // without the text, which could be anything
	}
	*s = span(d)
	return nil
}

// read takes the input of a JSON object or of one of the page's forms; html tells which.
func read(r *http.Request) (in input, html bool, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return in, false, errors.New("the body is no JSON object of the known members")
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return in, false, errors.New("the body goes on after the JSON object")
		}
		return in, false, nil
	case "application/x-www-form-urlencoded":
		in, err = readForm(r)
		return in, true, err
	default:
		return in, false, errors.New("Content-Type must be application/json")
	}
}

// readForm leaves what is empty at its zero value: a form sends all of its fields.
func readForm(r *http.Request) (input, error) {
	if err := r.ParseForm(); err != nil {
		return input{}, errors.New("the form cannot be read")
	}
	in := input{KID: r.PostForm.Get("kid"), Secret: config.Secret(r.PostForm.Get("secret")), Route: r.PostForm.Get("route")}
	in.ApplicationID, in.Roles = r.PostForm.Get("applicationId"), r.PostForm["roles"]
	in.Garbage = r.PostForm.Get("garbage") != ""
	for name, into := range map[string]*span{"skew": &in.Skew, "delay": &in.Delay} {
		if text := r.PostForm.Get(name); text != "" {
			if err := into.UnmarshalText([]byte(text)); err != nil {
				return input{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name, into := range map[string]*int{"status": &in.Status, "times": &in.Times} {
		if text := r.PostForm.Get(name); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil {
				return input{}, fmt.Errorf("%s: not a whole number", name)
			}
			*into = number
		}
	}
	return in, nil
}
