// Goverdicts says what Go makes of certificate chains.
//
// It reads one case a line from standard input, as JSON:
//
//	{"chain": ["<base64 DER>", …], "roots": ["<base64 DER>", …], "name": "…", "usage": "server|client", "at": "<RFC 3339>"}
//
// and writes one verdict a line: the error of parsing the chain or of Certificate.Verify (null where Go accepts), and in
// "leaf" what Go read in the first certificate (empty where it could not). The first line says which Go it is.
//
// With -time it reads all cases first and writes only how many seconds the judging took, in one goroutine.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"time"
)

type question struct {
	Chain [][]byte  `json:"chain"`
	Roots [][]byte  `json:"roots"`
	Name  string    `json:"name"`
	Usage string    `json:"usage"`
	At    time.Time `json:"at"`
}

type verdict struct {
	Error *string `json:"error"`
	Leaf  string  `json:"leaf"`
}

var usages = map[string][]x509.ExtKeyUsage{
	"server": {x509.ExtKeyUsageServerAuth},
	"client": {x509.ExtKeyUsageClientAuth},
}

func main() {
	log.SetFlags(0)
	timed := flag.Bool("time", false, "write only how long the judging took")
	flag.Parse()
	time.Local = time.UTC

	var questions []question
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	if !*timed {
		check(answers.Encode(map[string]string{"go": runtime.Version()}))
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		var q question
		check(json.Unmarshal(in.Bytes(), &q))
		if *timed {
			questions = append(questions, q)
			continue
		}
		check(answers.Encode(judge(q)))
	}
	check(in.Err())
	if *timed {
		fmt.Fprintln(out, measure(questions))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func judge(q question) verdict {
	var v verdict
	chain, err := parseAll(q.Chain)
	if len(chain) > 0 {
		v.Leaf = describe(chain[0])
	}
	if err == nil {
		err = verify(chain, pool(q.Roots), q)
	}
	if err != nil {
		text := err.Error()
		v.Error = &text
	}
	return v
}

// parseAll stops at the first certificate that Go refuses, as crypto/tls does with what a server sends.
func parseAll(chain [][]byte) ([]*x509.Certificate, error) {
	var parsed []*x509.Certificate
	for _, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return parsed, err
		}
		parsed = append(parsed, certificate)
	}
	return parsed, nil
}

// pool passes over what Go cannot read, as AppendCertsFromPEM does with a CA file.
func pool(ders [][]byte) *x509.CertPool {
	certificates := x509.NewCertPool()
	for _, der := range ders {
		if certificate, err := x509.ParseCertificate(der); err == nil {
			certificates.AddCert(certificate)
		}
	}
	return certificates
}

func verify(chain []*x509.Certificate, roots *x509.CertPool, q question) error {
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		DNSName:       q.Name,
		CurrentTime:   q.At,
		KeyUsages:     usages[q.Usage],
	})
	return err
}

func describe(c *x509.Certificate) string {
	var addresses, extended []string
	for _, ip := range c.IPAddresses {
		addresses = append(addresses, ip.String())
	}
	for _, usage := range c.ExtKeyUsage {
		extended = append(extended, usage.String())
	}
	return fmt.Sprintf("subject=%q issuer=%q cn=%q o=%q dns=%q ip=%q from=%d to=%d serial=%s skid=%x akid=%x ca=%t usages=%q",
		c.Subject.String(), c.Issuer.String(), c.Subject.CommonName, strings.Join(c.Subject.Organization, "\n"),
		strings.Join(c.DNSNames, "\n"), strings.Join(addresses, "\n"), c.NotBefore.Unix(), c.NotAfter.Unix(),
		c.SerialNumber, c.SubjectKeyId, c.AuthorityKeyId, c.IsCA, strings.Join(extended, "\n"))
}

// measure judges all questions, which share their roots, and returns the seconds that took.
func measure(questions []question) float64 {
	start := time.Now()
	roots := pool(questions[0].Roots)
	for _, q := range questions {
		chain, err := parseAll(q.Chain)
		check(err)
		check(verify(chain, roots, q))
	}
	return time.Since(start).Seconds()
}
