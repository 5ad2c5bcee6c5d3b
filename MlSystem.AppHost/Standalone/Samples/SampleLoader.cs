using System.Net.Http.Json;
using System.Text.Json;
using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>Asks the running system, through its gateway, to load a sample, and follows the run. A failure is told and leaves the system running.</summary>
internal sealed class SampleLoader(string gateway, MergedLog log, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    public async Task LoadAsync(string sample, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway), Timeout = TimeSpan.FromMinutes(5) };
        if (Environment.GetEnvironmentVariable("MlSystem__ApiKey") is { Length: > 0 } key)
        {
            http.DefaultRequestHeaders.Add("X-Api-Key", key);
        }

        try
        {
            log.Host($"loading the sample '{sample}'");
            var answer = await ReadAsync(await http.PostAsync($"/api/samples/{sample}", null, cancellationToken), SampleJson.Default.SampleAnswer, cancellationToken);
            if (answer.AlreadyDone)
            {
                log.Host($"the sample '{sample}' is already loaded; nothing was done twice");
            }
            else
            {
                await FollowAsync(http, answer.RunId, cancellationToken);
            }

            log.Host(NextSteps.Of(sample, gateway));
        }
        catch (Exception error) when (error is SampleFailedException or HttpRequestException or JsonException
            || (error is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            log.Error($"the sample '{sample}' was not loaded: {error.Message} (the system keeps running)");
        }
    }

    private async Task FollowAsync(HttpClient http, string? run, CancellationToken cancellationToken)
    {
        var address = new Uri($"/api/runs/{run ?? throw new SampleFailedException("the answer names no run")}", UriKind.Relative);
        for (var told = ""; ; await Task.Delay(Poll, time, cancellationToken))
        {
            var state = await ReadAsync(await http.GetAsync(address, cancellationToken), SampleJson.Default.RunState, cancellationToken);
            if (state.Progress != told)
            {
                log.Host($"run {run}: {state.Progress}");
                told = state.Progress;
            }

            if (state.HasEnded)
            {
                if (!state.Succeeded)
                {
                    throw new SampleFailedException($"run {run} {state.Status}{(state.Reason is { } reason ? $": {reason}" : "")}");
                }

                return;
            }
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using (response)
        {
            if (!response.IsSuccessStatusCode)
            {
                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                throw new SampleFailedException($"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {body.ReplaceLineEndings(" ")}");
            }

            return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new SampleFailedException("the answer is empty");
        }
    }

    private sealed class SampleFailedException(string message) : Exception(message);
}
