using System.Net;
using MlSystem.AppHost.Standalone.Processes;

namespace MlSystem.AppHost.Tests.Standalone.Processes;

public sealed class HealthProbeTests
{
    /// <summary>A stop that comes while the service does not listen yet is a stop, whichever of the two is told first.</summary>
    [Fact]
    public async Task A_refused_connection_after_the_stop_is_the_stop()
    {
        using var stop = new CancellationTokenSource();
        using var http = new HttpClient(new Answers(() =>
        {
            stop.Cancel();
            throw new HttpRequestException("Connection refused");
        }));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new HealthProbe(http, TimeProvider.System).WaitAsync("http://127.0.0.1:1", stop.Token));
    }

    [Fact]
    public async Task It_asks_again_until_the_service_is_ready()
    {
        var asked = 0;
        using var http = new HttpClient(new Answers(() => ++asked switch
        {
            1 => throw new HttpRequestException("Connection refused"),
            2 => throw new TaskCanceledException("too slow"),
            3 => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            _ => new HttpResponseMessage(HttpStatusCode.OK),
        }));

        await new HealthProbe(http, TimeProvider.System).WaitAsync("http://127.0.0.1:1", CancellationToken.None);

        Assert.Equal(4, asked);
    }

    private sealed class Answers(Func<HttpResponseMessage> next) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return Task.FromResult(next());
            }
            catch (Exception error)
            {
                return Task.FromException<HttpResponseMessage>(error);
            }
        }
    }
}
