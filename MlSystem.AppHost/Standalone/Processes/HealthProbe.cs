namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>Asks a service's <c>/health</c> until it answers 200.</summary>
internal sealed class HealthProbe(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public async Task WaitAsync(string address, CancellationToken cancellationToken)
    {
        while (!await IsHealthyAsync(new Uri($"{address}/health"), cancellationToken))
        {
            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    private async Task<bool> IsHealthyAsync(Uri health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(health, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            // A refused connection may be told in place of the cancellation that came meanwhile.
            cancellationToken.ThrowIfCancellationRequested();

            // Not listening yet, or too slow to answer while it starts: asked again.
            return false;
        }
    }
}
