// The smallest collector of traces: takes OTLP over HTTP in JSON, reads it as the OpenTelemetry Collector does,
// and prints a line for each span.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func main() {
	http.HandleFunc("POST /v1/traces", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			log.Fatal(err)
		}
		traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			fmt.Println("unreadable:", err)
			return
		}
		print(traces)
		answer.Header().Set("Content-Type", "application/json")
		io.WriteString(answer, "{}")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

// NODE TRACE SPAN PARENT KIND NAME MICROSECONDS ATTRIBUTES
func print(traces ptrace.Traces) {
	for _, resource := range traces.ResourceSpans().All() {
		node, _ := resource.Resource().Attributes().Get("service.instance.id")
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				took := span.EndTimestamp().AsTime().Sub(span.StartTimestamp().AsTime())
				fmt.Println("span", node.Str(), span.TraceID(), span.SpanID(), span.ParentSpanID(), span.Kind(),
					span.Name(), took.Microseconds(), span.Attributes().AsRaw())
			}
		}
	}
}
