using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Webhooks;

/// <summary>MLflow's <c>webhooks/…</c> calls.</summary>
internal static class WebhookEndpoints
{
    public static void MapWebhooks(this RouteGroupBuilder mlflow)
    {
        mlflow.MapPost("/webhooks", CreateAsync);
        mlflow.MapGet("/webhooks", ListAsync);
        mlflow.MapGet("/webhooks/{webhook_id}", GetAsync);
        mlflow.MapPatch("/webhooks/{webhook_id}", UpdateAsync);
        mlflow.MapDelete("/webhooks/{webhook_id}", DeleteAsync);
        mlflow.MapPost("/webhooks/{webhook_id}/test", TestAsync);
    }

    private static async Task<JsonHttpResult<WebhookAnswer>> CreateAsync(MlflowRequest<CreateWebhook> request, WebhookStore webhooks, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new WebhookAnswer(await webhooks.CreateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<WebhooksAnswer>> ListAsync(MlflowRequest<ListWebhooks> request, WebhookStore webhooks, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await webhooks.ListAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<WebhookAnswer>> GetAsync(MlflowRequest<WebhookRef> request, WebhookStore webhooks, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new WebhookAnswer(await webhooks.GetAsync(request.Message.WebhookId, cancellationToken)));

    private static async Task<JsonHttpResult<WebhookAnswer>> UpdateAsync(MlflowRequest<UpdateWebhook> request, WebhookStore webhooks, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new WebhookAnswer(await webhooks.UpdateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(MlflowRequest<WebhookRef> request, WebhookStore webhooks, CancellationToken cancellationToken)
    {
        await webhooks.DeleteAsync(request.Message.WebhookId, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<TestWebhookAnswer>> TestAsync(MlflowRequest<TestWebhook> request, WebhookTester tester, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new TestWebhookAnswer(await tester.TestAsync(request.Message, cancellationToken)));
}
