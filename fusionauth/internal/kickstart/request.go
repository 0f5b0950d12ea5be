package kickstart

import (
	"strings"

	"github.com/google/uuid"
)

// call is one request of the kickstart: the id at the end of its URL, made up where it may be left out, and its body.
type call struct {
	id   string
	at   *object // the request itself
	body *object
}

// routes are the requests that can be served, by method and URL before the id.
func (in *instance) routes() map[string]func(call) {
	return map[string]func(call){
		"PATCH /api/tenant/":           in.patchTenant,
		"POST /api/key/import/":        in.importKey,
		"POST /api/key/generate/":      in.generateKey,
		"POST /api/application/":       in.createApplication,
		"POST /api/user/registration/": in.register,
		"POST /api/webhook/":           in.createWebhook,
	}
}

// request runs one element of requests.
func (in *instance) request(n *node) {
	n = in.included(n)
	if n == nil {
		return
	}
	o := in.object(n, "request")
	o.need("method", "url", "body")
	method, url := o.text("method"), o.text("url")
	if tenant := o.id("tenantId"); tenant != "" && tenant != in.tenant.ID {
		o.bad("tenantId", "is not the default tenant, the only one here; use #{FUSIONAUTH_TENANT_ID}")
	}
	body := in.body(o)
	o.close()
	if method == "" || url == "" || body == nil {
		return
	}
	in.dispatch(o, method, url, body)
}

func (in *instance) dispatch(o *object, method, url string, body *object) {
	if url == "/api/webhook" { // the one thing that nothing else refers to
		url += "/" + uuid.NewString()
	}
	base, id := url[:strings.LastIndexByte(url, '/')+1], url[strings.LastIndexByte(url, '/')+1:]
	run, known := in.routes()[method+" "+base]
	if !known {
		o.bad("url", "with this method is no request that this stand-in serves; known: PATCH /api/tenant/{id}, POST /api/key/import/{id}, "+
			"/api/key/generate/{id}, /api/application/{id}, /api/user/registration/{id} and /api/webhook")
		return
	}
	canon, ok := canonical(id)
	if !ok {
		o.bad("url", "must end in a UUID of your choice, so that others can refer to it")
		return
	}
	run(call{id: canon, at: o, body: body})
	body.close()
}

func (in *instance) body(o *object) *object {
	m := o.node.get("body")
	o.touch("body")
	if m == nil {
		return nil
	}
	if n := in.included(m.value); n != nil {
		return in.object(n, "body")
	}
	return nil
}
