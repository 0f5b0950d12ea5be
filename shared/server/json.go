package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// JSON reads the request's body, which must be one JSON object that says exactly what the struct T says: every member by its exact name and
// once, of the right type, none that T does not have, none missing but those whose tag says omitzero, nothing behind it. For anything else
// it answers, with all that is wrong, and reports false. encoding/json alone folds case, takes the last of two, and null for anything.
func JSON[T any](c *gin.Context) (value T, ok bool) {
	text, ok := jsonBody(c)
	if !ok {
		return value, false
	}
	faults, err := decode(text, reflect.ValueOf(&value).Elem())
	switch {
	case err != nil:
		_ = c.Error(err)
		problem.Malformed(c, "The body is not one JSON object in UTF-8.")
	case len(faults) > 0:
		problem.Malformed(c, "The body does not have the members that are asked for here.", faults...)
	}
	return value, err == nil && len(faults) == 0
}

// jsonBody gives the text of a body that says it is JSON.
func jsonBody(c *gin.Context) ([]byte, bool) {
	kind, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || kind != gin.MIMEJSON || charset != "" && charset != "utf-8" || c.GetHeader("Content-Encoding") != "" {
		c.Header("Accept", gin.MIMEJSON) // RFC 9110 §15.5.16
		problem.Respond(c, http.StatusUnsupportedMediaType, "The body must be application/json.", errors.New("media type"))
		return nil, false
	}
	text, err := io.ReadAll(c.Request.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		problem.Respond(c, http.StatusRequestEntityTooLarge, "The body is too large.", err)
		return nil, false
	}
	if err != nil {
		problem.Respond(c, http.StatusBadRequest, "The body did not arrive whole.", err)
		return nil, false
	}
	return text, true
}

// decode fills the struct v, or gives the faults of what is JSON, or the error of what is none.
func decode(text []byte, v reflect.Value) ([]problem.Field, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	s := shape{dec: json.NewDecoder(bytes.NewReader(text))}
	s.dec.UseNumber() // of any size; the type says later what fits
	if err := s.value(v.Type(), ""); err != nil {
		return nil, err
	}
	if _, err := s.dec.Token(); err != io.EOF {
		return nil, errors.New("text behind the value")
	}
	if len(s.faults) > 0 {
		return s.faults, nil
	}
	return fill(text, v)
}

// fill decodes each member on its own, so that each can have its fault. The shape has been seen to fit.
func fill(text []byte, v reflect.Value) (faults []problem.Field, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for i, f := range fields(v.Type()) {
		raw, ok := members[f.name]
		if !ok {
			continue
		}
		err := json.Unmarshal(raw, v.Field(i).Addr().Interface())
		if e, wrong := errors.AsType[*json.UnmarshalTypeError](err); wrong {
			faults = append(faults, problem.Field{Name: join(f.name, e.Field), Message: "must be " + noun(e.Type)})
		} else if err != nil {
			faults = append(faults, problem.Field{Name: f.name, Message: "cannot be read"})
		}
	}
	return faults, nil
}

// shape compares JSON with a type: names alone, whose values are looked at afterwards.
type shape struct {
	dec    *json.Decoder
	depth  int
	faults []problem.Field
}

// Limits of what a body may be and of what is answered about it: names come from the client.
const (
	maxDepth  = 16
	maxFaults = 20
	maxPath   = 100
)

func (s *shape) fault(path, message string) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, problem.Field{Name: strings.ToValidUTF8(path[:min(len(path), maxPath)], ""), Message: message})
	}
}

// value reads the value at path, which should be of the type; nil is any.
func (s *shape) value(t reflect.Type, path string) error {
	token, err := s.dec.Token()
	if err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return errors.New("nested too deeply")
	}
	defer func() { s.depth-- }()
	switch token {
	case nil:
		s.fault(path, "must not be null")
		return nil
	case json.Delim('{'):
		return s.object(t, path)
	case json.Delim('['):
		return s.list(t, path)
	default:
		if t != nil && t.Kind() == reflect.Struct && path == "" {
			return errors.New("not an object")
		}
		return nil
	}
}

func (s *shape) object(t reflect.Type, path string) error {
	var known []field
	if t != nil && t.Kind() == reflect.Struct {
		known = fields(t)
	}
	seen := map[string]bool{}
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name := token.(string) // the decoder lets nothing else be here
		at := join(path, name)
		if seen[name] {
			s.fault(at, "stands here twice")
		}
		seen[name] = true
		i := slices.IndexFunc(known, func(f field) bool { return f.name == name })
		if known != nil && i < 0 {
			s.fault(at, "is not known here")
		}
		if err := s.value(typeOf(known, i), at); err != nil {
			return err
		}
	}
	for _, f := range known {
		if !f.optional && !seen[f.name] {
			s.fault(join(path, f.name), "is required")
		}
	}
	_, err := s.dec.Token() // the closing brace
	return err
}

func (s *shape) list(t reflect.Type, path string) error {
	if path == "" {
		return errors.New("not an object")
	}
	var element reflect.Type
	if t != nil && t.Kind() == reflect.Slice {
		element = t.Elem()
	}
	for i := 0; s.dec.More(); i++ {
		if err := s.value(element, join(path, fmt.Sprint(i))); err != nil {
			return err
		}
	}
	_, err := s.dec.Token() // the closing bracket
	return err
}

// field is a member that a struct has.
type field struct {
	name     string
	optional bool
	of       reflect.Type
}

// fields lists the members of a struct, whose fields all have a json tag.
func fields(t reflect.Type) []field {
	list := make([]field, t.NumField())
	for i := range list {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		list[i] = field{name, options == "omitzero", t.Field(i).Type}
	}
	return list
}

func typeOf(known []field, i int) reflect.Type {
	if i < 0 {
		return nil
	}
	return known[i].of
}

func join(path, name string) string {
	switch {
	case path == "":
		return name
	case name == "":
		return path
	default:
		return path + "." + name
	}
}

// noun says what a value of the type is in JSON.
func noun(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "an integer of 64 bits"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}
