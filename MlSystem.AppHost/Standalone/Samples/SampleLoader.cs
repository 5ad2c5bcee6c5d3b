using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>Asks the running system, through its gateway, to load a sample, and follows the run. A failure is told and leaves the system running.</summary>
internal sealed class SampleLoader(string gateway, MergedLog log, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>How long one request may take; starting a sample waits for nothing longer than its definitions.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <returns>Whether the sample is there now.</returns>
    public async Task<bool> LoadAsync(string sample, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway), Timeout = Patience };
        if (Environment.GetEnvironmentVariable("MlSystem__ApiKey") is { Length: > 0 } key)
        {
            http.DefaultRequestHeaders.Add("X-Api-Key", key);
        }

        try
        {
            log.Host($"loading the sample '{sample}'");
            await LoadAsync(http, sample, cancellationToken);
            log.Host(NextSteps.Of(sample, gateway));
            return true;
        }
        catch (Exception error) when (error is SampleFailedException or HttpRequestException or JsonException
            || (error is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            log.Error($"the sample '{sample}' was not loaded: {error.Message} (the system keeps running)");
            return false;
        }
    }

    private async Task LoadAsync(HttpClient http, string sample, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsync(new Uri($"/api/samples/{sample}", UriKind.Relative), null, cancellationToken);
        var answer = await ReadAsync(response, SampleJson.Default.SampleAnswer, cancellationToken);
        if (answer.AlreadyDone)
        {
            log.Host($"the sample '{sample}' is loaded already; nothing was done twice");
        }
        else
        {
            await FollowAsync(http, answer.RunId ?? throw new SampleFailedException("the answer names no run"), cancellationToken);
        }
    }

    private async Task FollowAsync(HttpClient http, string run, CancellationToken cancellationToken)
    {
        for (var told = ""; ; await Task.Delay(Poll, time, cancellationToken))
        {
            using var response = await http.GetAsync(new Uri($"/api/runs/{run}", UriKind.Relative), cancellationToken);
            var answer = await ReadAsync(response, SampleJson.Default.RunAnswer, cancellationToken);
            if (answer.Progress != told)
            {
                log.Host($"run {run}: {answer.Progress}");
                told = answer.Progress;
            }

            if (answer.HasEnded)
            {
                if (!answer.Succeeded)
                {
                    throw new SampleFailedException($"run {run} {answer.Outcome}");
                }

                return;
            }
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new SampleFailedException($"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {body.ReplaceLineEndings(" ")}");
        }

        return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new SampleFailedException("the answer is empty");
    }

    private sealed class SampleFailedException(string message) : Exception(message);
}
