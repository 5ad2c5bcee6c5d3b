using System.Threading.Channels;
using MlSystem.Contracts;
using MlSystem.Inference.PredictionLog;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Benchmarks.PredictionLog;

/// <summary>The writer before batches: each call goes to a loop that makes its event; another appends them, 500 at once.</summary>
internal sealed class SingleEventLog : IDisposable
{
    private readonly Channel<AnsweredCall> _answered = Channel.CreateBounded<AnsweredCall>(new BoundedChannelOptions(8192) { SingleReader = true });
    private readonly Channel<LogEvent> _events = Channel.CreateBounded<LogEvent>(new BoundedChannelOptions(8192) { SingleReader = true, SingleWriter = true });
    private readonly SingleEventWriter _writer = new();
    private readonly Task _loops;

    public SingleEventLog(IEventLog log) => _loops = Task.WhenAll(Task.Run(SerializeAsync), Task.Run(() => AppendAsync(log)));

    public ValueTask LogAsync(AnsweredCall call) => _answered.Writer.WriteAsync(call);

    public Task StopAsync()
    {
        _answered.Writer.Complete();
        return _loops;
    }

    public void Dispose() => _writer.Dispose();

    private async Task SerializeAsync()
    {
        await foreach (var call in _answered.Reader.ReadAllAsync())
        {
            await _events.Writer.WriteAsync(CloudEvents.Create(call.RequestId, call.RequestId, EventTypes.Prediction, "/inference", call.Time, _writer.Write(call, withInputs: true)));
        }

        _events.Writer.Complete();
    }

    private async Task AppendAsync(IEventLog log)
    {
        var batch = new List<LogEvent>(500);
        while (await _events.Reader.WaitToReadAsync())
        {
            while (batch.Count < 500 && _events.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            await log.AppendAsync(Topics.Predictions, batch, CancellationToken.None);
            batch.Clear();
        }
    }
}
