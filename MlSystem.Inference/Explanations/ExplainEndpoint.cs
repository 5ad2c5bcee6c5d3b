using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Inference.Explanations;

/// <summary><c>POST /v2/models/{m}[/versions/{v}]/explain</c>: the body is an inference request with the explain parameters among its own.</summary>
internal static class ExplainEndpoint
{
    public static async Task HandleAsync(HttpContext context)
    {
        try
        {
            var service = context.RequestServices.GetRequiredService<ExplainService>();
            var limit = (int)Math.Min(context.RequestServices.GetRequiredService<IOptions<ServiceOptions>>().Value.MaxRequestBodyBytes, Array.MaxLength);
            using var body = await RequestBody.ReadAsync(context.Request, limit, context.RequestAborted);
            var length = InferEndpoint.JsonLength(context.Request);
            var (call, explanation) = await service.ExplainAsync(
                (string)context.Request.RouteValues["model"]!, (string?)context.Request.RouteValues["version"], new CallerKeys(context.Request), call => Read(call, body, length), context.RequestAborted);
            await WriteAsync(context, call, explanation);
        }
        catch (InferenceException error)
        {
            await OipErrors.WriteAsync(context, error.Fault);
        }
        catch (BadHttpRequestException error)
        {
            await OipErrors.WriteAsync(context, new Fault(error.StatusCode == StatusCodes.Status413PayloadTooLarge ? FaultKind.TooLarge : FaultKind.InvalidArgument, error.Message));
        }
        catch (Exception error) when (error is OperationCanceledException or ConnectionResetException)
        {
            await OipErrors.WriteAsync(context, new Fault(FaultKind.Cancelled, "the caller went away"));
        }
    }

    private static ExplainParameters Read(InferenceCall call, RequestBody body, int? jsonLength)
    {
        var reader = new ExplainParametersReader();
        call.Extra = reader;
        InferRequestReader.Read(body.Content.Span, jsonLength, call);
        return reader.Parameters;
    }

    private static async Task WriteAsync(HttpContext context, InferenceCall call, Explanation explanation)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        response.Headers[RequestId.Header] = call.RequestId;
        response.Headers["X-Model-Version"] = call.Variant.VersionHeader;
        response.Headers["X-Variant"] = call.Variant.NameHeader;
        ExplanationWriter.Write(response.BodyWriter, call, explanation);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
