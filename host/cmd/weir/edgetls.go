package main

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"weir/edge/listen"
)

// edgeTLS says where the certificate of an edge comes from: files, an authority, or nowhere.
type edgeTLS struct {
	cert, key string
	acme      listen.ACME
}

func (t *edgeTLS) register(f *pflag.FlagSet) {
	f.StringVar(&t.cert, "tls-cert", "", "PEM file of a certificate and its chain, to speak TLS; may be replaced at any time")
	f.StringVar(&t.key, "tls-key", "", "PEM file of its private key")
	f.StringSliceVar(&t.acme.Names, "acme-name", nil, "DNS name to obtain a certificate for, by ACME: its port 443 must lead here. Implies agreement to the authority's terms")
	f.StringVar(&t.acme.Cache, "acme-dir", "weir-acme", "folder that keeps what was obtained; edges that share names share it")
	f.StringVar(&t.acme.Email, "acme-email", "", "whom the authority may write to")
	f.StringVar(&t.acme.Directory, "acme-directory", "", "URL of the authority (default Let's Encrypt)")
	f.StringVar(&t.acme.CA, "acme-ca", "", "PEM file to trust the authority's own certificate by (default the system's)")
}

// configure sets o.tls.
func (t *edgeTLS) configure(o *edgeOptions) error {
	switch files := t.cert != "" || t.key != ""; {
	case files && len(t.acme.Names) > 0:
		return usageError{errors.New("--tls-cert and --acme-name exclude each other")}
	case files && (t.cert == "" || t.key == ""):
		return usageError{errors.New("--tls-cert and --tls-key belong together")}
	case files:
		c, err := listen.OpenCertificate(t.cert, t.key, o.log)
		if err != nil {
			return err
		}
		o.tls = &tls.Config{GetCertificate: c.Get}
	case len(t.acme.Names) > 0:
		config, err := t.acme.TLS()
		if err != nil {
			return usageError{fmt.Errorf("reading --acme-…: %w", err)}
		}
		o.tls = config
	case t.acme.Directory != "" || t.acme.CA != "" || t.acme.Email != "":
		return usageError{errors.New("--acme-name is missing: say what to obtain a certificate for")}
	}
	return nil
}
