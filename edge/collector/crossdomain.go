package collector

import (
	"slices"
	"strings"
)

// Crossdomain is the policy file at /crossdomain.xml that players of the past
// ask for before they send anything to another host. Without domains it is a 404.
type Crossdomain struct {
	// Domains ("domains") from which requests may come; '*' is every one,
	// *.shop.example every one below it.
	Domains []string
	Secure  bool // "secure", default true: only over https

	page []byte
}

func (p *parser) crossdomain(x *Crossdomain) {
	p.object("crossdomain.", func(name string) bool {
		switch name {
		case "domains":
			x.Domains = p.texts()
			p.must(!slices.ContainsFunc(x.Domains, func(s string) bool { return s != "*" && !isDomain(strings.TrimPrefix(s, "*.")) }),
				"must be domain names, *.shop.example or *")
		case "secure":
			x.Secure = p.boolean()
		default:
			return false
		}
		return true
	})
	p.must(len(x.Domains) > 0, `needs domains, such as ["*"]`)
	x.page = x.render()
}

func (x *Crossdomain) render() []byte {
	secure := "true"
	if !x.Secure {
		secure = "false"
	}
	b := []byte("<?xml version=\"1.0\"?>\n<cross-domain-policy>\n")
	for _, domain := range x.Domains {
		b = append(b, `  <allow-access-from domain="`+domain+`" secure="`+secure+"\" />\n"...)
	}
	return append(b, "</cross-domain-policy>\n"...)
}
