using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;

namespace MlSystem.Gateway.Status;

/// <summary>Renders the status page; its script later replaces the rows with the same markup from <c>/api/status</c>.</summary>
internal static class StatusPage
{
    private static readonly string Template = ReadTemplate();

    public static string Render(StatusBody status) => Template
        .Replace("{{overall}}", Encode(status.Services[0].State), StringComparison.Ordinal)
        .Replace("{{grpc}}", Encode(status.GrpcAddress ?? "none"), StringComparison.Ordinal)
        .Replace("{{checked_at}}", Time(status.CheckedAt), StringComparison.Ordinal)
        .Replace("{{rows}}", string.Concat(status.Services.Select(Row)), StringComparison.Ordinal);

    private static string Row(ServiceStatus service) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"<tr><td class=name>{Encode(service.Name)}<small>{Encode(service.Address)}</small></td>")
        .Append(CultureInfo.InvariantCulture, $"<td><span class=\"state {Encode(service.State)}\">{Encode(service.State)}</span><small>{Encode(service.Detail)}</small></td>")
        .Append(CultureInfo.InvariantCulture, $"<td>{Encode(service.Version ?? "–")}</td>")
        .Append(CultureInfo.InvariantCulture, $"<td>{(service.StartedAt is { } started ? Time(started) : "–")}</td>")
        .Append(CultureInfo.InvariantCulture, $"<td class=number>{service.Restarts?.ToString(CultureInfo.InvariantCulture) ?? "–"}</td>")
        .Append(CultureInfo.InvariantCulture, $"<td><a href=\"{Encode(service.Openapi)}\">OpenAPI</a> <a href=\"{Encode(service.Health)}\">Health</a></td></tr>")
        .ToString();

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    private static string Encode(string? text) => WebUtility.HtmlEncode(text ?? "");

    private static string ReadTemplate()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("StatusPage.html")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
