package kickstart

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Ids that every FusionAuth has (its default entities).
const (
	// AdminApplicationID is the application of FusionAuth's own admin UI.
	AdminApplicationID = "3c219e58-ed0e-4b18-ad48-f4f92793ae32"
	// ShadowSHA256, ShadowSHA384 and ShadowSHA512 are the keys that stand for an application's client secret: an ID token set to
	// one of them is signed with that secret.
	ShadowSHA256 = "092dbedc-30af-4149-9c61-b578f2c72f59"
	// ShadowSHA384 is the HS384 form of ShadowSHA256.
	ShadowSHA384 = "4b8f1c06-518e-45bd-9ac5-d549686ae02a"
	// ShadowSHA512 is the HS512 form of ShadowSHA256.
	ShadowSHA512 = "c753a44d-7f2e-48d3-bc4e-c2c16488a23b"
)

// Lookup gives the value of an environment variable and whether it is set; os.LookupEnv is one.
type Lookup func(name string) (string, bool)

// variables are the names that #{...} may hold.
type variables struct {
	env    Lookup
	values map[string]string
	broken map[string]bool // already reported where they are declared, so their uses stay silent
}

func newVariables(env Lookup) *variables {
	return &variables{env: env, broken: map[string]bool{}, values: map[string]string{
		"FUSIONAUTH_APPLICATION_ID":         AdminApplicationID,
		"FUSIONAUTH_TENANT_ID":              uuid.NewString(),
		"FUSIONAUTH_DEFAULT_SIGNING_KEY_ID": uuid.NewString(),
	}}
}

// declare reads the variables of the file. One variable that names another is not documented, so it is refused here rather than
// by FusionAuth in the middle of a first start.
func (v *variables) declare(r *reader, o *object) {
	for _, m := range o.node.members {
		o.touch(m.name)
		if _, taken := v.values[m.name]; taken {
			r.fault(m.value.src, m.line, "variable %q has the name of a predefined one; choose another", m.name)
			continue
		}
		if m.value.kind != isText {
			r.fault(m.value.src, m.line, "variable %q must be a string, not %s", m.name, m.value.kind)
			v.broken[m.name] = true
			continue
		}
		text, faults := v.expand(m.value.text, func(name string) (string, string) {
			return "", fmt.Sprintf("variable %q uses #{%s}: a variable may only use #{ENV.NAME} and #{UUID()}", m.name, name)
		})
		for _, f := range faults {
			r.fault(m.value.src, m.line, "%s", f)
		}
		v.broken[m.name] = len(faults) > 0
		v.values[m.name] = text
	}
	v.followTenant(o)
}

// followTenant makes the predefined tenant id follow the special variable defaultTenantId.
func (v *variables) followTenant(o *object) {
	id, given := v.values["defaultTenantId"]
	if !given {
		return
	}
	canon, ok := canonical(id)
	if !ok && !v.broken["defaultTenantId"] {
		o.bad("defaultTenantId", "is not a UUID")
		v.broken["defaultTenantId"] = true
	}
	v.values["FUSIONAUTH_TENANT_ID"], v.broken["FUSIONAUTH_TENANT_ID"] = canon, v.broken["defaultTenantId"]
}

// lookup resolves a name outside of variables; fault says what is wrong with it.
func (v *variables) lookup(name string) (value, fault string) {
	if value, known := v.values[name]; known {
		return value, ""
	}
	return "", fmt.Sprintf("unknown variable #{%s}; declare it under variables, or write \\\\#{%s} to mean the text itself", name, name)
}

// expand replaces every #{...} of text. Values are not expanded again, and since text is decoded JSON, quotes and backslashes in
// them need no escaping.
func (v *variables) expand(text string, named func(name string) (value, fault string)) (string, []string) {
	var out strings.Builder
	var faults []string
	for {
		before, rest, found := strings.Cut(text, "#{")
		if !found {
			out.WriteString(text)
			return out.String(), faults
		}
		if literal, escaped := strings.CutSuffix(before, `\`); escaped {
			out.WriteString(literal + "#{")
			text = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", append(faults, `"#{" without "}"; write \\#{ to mean the text itself`)
		}
		value, fault := v.resolve(name, named)
		if fault != "" {
			faults = append(faults, fault)
		}
		out.WriteString(before + value)
		text = after
	}
}

func (v *variables) resolve(name string, named func(string) (string, string)) (value, fault string) {
	if name == "UUID()" {
		return uuid.NewString(), ""
	}
	env, isEnv := strings.CutPrefix(name, "ENV.")
	if !isEnv {
		return named(name)
	}
	if value, set := v.env(env); set && value != "" {
		return value, ""
	}
	// What FusionAuth does with an unset variable is not documented: empty, literal or a stop. A stop is the one safe reading.
	return "", fmt.Sprintf("environment variable %s is not set or empty; set it", env)
}

// usesBroken reports whether text names a variable whose fault has been reported.
func (v *variables) usesBroken(text string) bool {
	for name, broken := range v.broken {
		if broken && strings.Contains(text, "#{"+name+"}") {
			return true
		}
	}
	return false
}
