using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace MlSystem.Gateway.Forwarding;

/// <summary>
/// <c>http.client.request.duration</c> as an <see cref="HttpClient"/> records it, under the same meter, name and tags, so that dashboards see all
/// requests to services in one histogram, however they were sent.
/// </summary>
internal static class ForwardMetrics
{
    private static readonly Meter Meter = new("System.Net.Http");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "http.client.request.duration", "s", "Duration of HTTP client requests.", tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });

    private static readonly object Ok = StatusCodes.Status200OK;

    public static void Answered(Upstream upstream, long started, int status)
    {
        if (Duration.Enabled)
        {
            var tags = Tags(upstream, "http.response.status_code", status == StatusCodes.Status200OK ? Ok : status);
            tags.Add("network.protocol.version", "1.1");
            if (status >= StatusCodes.Status400BadRequest)
            {
                tags.Add("error.type", status.ToString(CultureInfo.InvariantCulture));
            }

            Duration.Record(upstream.Seconds(started), tags);
        }
    }

    public static void Failed(Upstream upstream, long started, Exception error)
    {
        if (Duration.Enabled)
        {
            Duration.Record(upstream.Seconds(started), Tags(upstream, "error.type", error.GetType().FullName!));
        }
    }

    private static TagList Tags(Upstream upstream, string name, object value) => new()
    {
        { "http.request.method", "POST" }, { "server.address", upstream.Host }, { "server.port", upstream.BoxedPort }, { "url.scheme", "http" }, { name, value },
    };
}
