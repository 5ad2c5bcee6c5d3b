using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Writes an error in the form of the protocol that the request speaks.</summary>
public static class ErrorWriting
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers with an error: gRPC status for gRPC requests, the path's <see cref="ErrorForm"/>, else ProblemDetails.</summary>
    public static async Task WriteErrorAsync(this HttpContext context, ErrorAnswer error)
    {
        if (error.RetryAfterSeconds is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (GrpcStatus.IsGrpc(context.Request))
        {
            GrpcStatus.Write(context.Response, error);
            return;
        }

        var form = context.RequestServices.GetRequiredService<ErrorForms>().Of(context);
        var body = form is null ? Problem(context, error) : Body(writer => form.WriteMembers(writer, error));
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = form is null ? "application/problem+json" : "application/json";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static ReadOnlyMemory<byte> Problem(HttpContext context, ErrorAnswer error) => Body(writer =>
    {
        writer.WriteString("title", error.Title);
        writer.WriteNumber("status", error.Status);
        if (error.Detail is not null)
        {
            writer.WriteString("detail", error.Detail);
        }

        writer.WriteString("instance", context.Request.Path);
        writer.WriteString("request_id", context.TraceIdentifier);
        if (error.Errors is { Count: > 0 } errors)
        {
            WriteErrors(writer, errors);
        }
    });

    private static void WriteErrors(Utf8JsonWriter writer, IReadOnlyDictionary<string, string[]> errors)
    {
        writer.WriteStartObject("errors");
        foreach (var (place, messages) in errors)
        {
            writer.WriteStartArray(place);
            foreach (var message in messages)
            {
                writer.WriteStringValue(message);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Body(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, Json);
        writer.WriteStartObject();
        writeMembers(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}
