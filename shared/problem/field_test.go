package problem_test

import (
	"encoding/json"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/problem"
)

func TestFields(t *testing.T) {
	t.Parallel()
	fields := []problem.Field{{Name: "price", Message: "must not be negative"}, {Name: "name", Message: "is required"}}
	for name, tt := range map[string]struct {
		respond gin.HandlerFunc
		status  int
		code    string
	}{
		"no such form": {func(c *gin.Context) { problem.Malformed(c, "Not this.", fields...) }, 400, "malformed"},
		"values":       {func(c *gin.Context) { problem.Invalid(c, fields...) }, 422, "invalid"},
	} {
		w, doc, c := answer(t, tt.respond)
		var body struct{ Errors []problem.Field }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if w.Code != tt.status || doc.Status != tt.status || doc.Code != tt.code || doc.Type != "urn:storefront:problem:"+tt.code || doc.Detail == "" || doc.Instance != "request-1" {
			t.Errorf("%s = %d %+v", name, w.Code, doc)
		}
		if diff := cmp.Diff(fields, body.Errors); diff != "" {
			t.Errorf("%s: errors (-want +got)\n%s", name, diff)
		}
		if w.Header().Get("Content-Type") != problem.ContentType || c.Errors.Last() == nil || !c.IsAborted() {
			t.Errorf("%s: %v, logged %v", name, w.Header(), c.Errors)
		}
	}
}
