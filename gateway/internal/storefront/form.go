package storefront

import (
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// form is what somebody fills in.
type form struct {
	Action  string
	Submit  string // what the button says
	Cancel  string // where the way out leads
	Fields  []*field
	Hidden  []pair
	Trouble string // what is wrong with the whole
	Theirs  []pair // by the labels of fields, what somebody else has written meanwhile
}

// field is one thing that a form asks for.
type field struct {
	Name, Label string
	Kind        string // text, number, area, select, choice or check
	Hint        string
	Value       string
	Options     []option // of a select or a choice
	Required    bool
	Optional    bool // and says so; neither is for fields of which one of several is needed
	Half        bool // stands beside the next one where there is room
	Max         int  // characters
	Fault       string
}

// DescribedBy names the texts that belong to the field, for aria-describedby.
func (f *field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Fault != "" {
		ids = append(ids, f.Name+"-fault")
	}
	return strings.Join(ids, " ")
}

// Target is the id to which a link to the field leads: a choice has one for each option.
func (f *field) Target() string {
	if f.Kind == "choice" && len(f.Options) > 0 {
		return f.Name + "-" + f.Options[0].Value
	}
	return f.Name
}

// Faulty are the fields with a fault.
func (f *form) Faulty() []*field {
	var faulty []*field
	for _, field := range f.Fields {
		if field.Fault != "" {
			faulty = append(faulty, field)
		}
	}
	return faulty
}

// blame puts each fault to its field. What belongs to none that is shown is a trouble of the whole.
func (f *form) blame(faults ...problem.Field) {
	for _, fault := range faults {
		if field := f.field(fault.Name); field != nil {
			field.Fault = fault.Message
			continue
		}
		f.Trouble = strings.TrimSpace(f.Trouble + " " + strings.TrimSpace(fault.Name+" "+fault.Message) + ".")
	}
}

func (f *form) field(name string) *field {
	for _, field := range f.Fields {
		if field.Name == name {
			return field
		}
	}
	return nil
}

// typed gives the fields of a form that was sent. Browsers end lines with two characters; the services know one.
func typed(c *gin.Context, names []string) map[string]string {
	values := make(map[string]string, len(names))
	for _, name := range names {
		text := strings.ReplaceAll(c.PostForm(name), "\r\n", "\n")
		values[name] = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	}
	return values
}
