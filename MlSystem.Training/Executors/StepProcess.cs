using System.Diagnostics;
using System.Text.Json;
using MlSystem.ServiceDefaults;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors;

/// <summary>The command <c>step</c>: executes one step in a process of its own and tells of it line by line on standard output.</summary>
internal static class StepProcess
{
    public const string Command = "step";
    public const string RequestOption = "--request";

    private static TextWriter? _messages;

    /// <summary>
    /// <c>step</c>: the request comes by standard input, from the service that started this process. <c>step --request file</c>: from a file,
    /// beside which the messages are written too (a Kubernetes Job). Anything else describes a step of an exported pipeline.
    /// </summary>
    public static async Task<int> StartAsync(IReadOnlyList<string> arguments) => arguments switch
    {
        [] => await RunChildAsync(),
        [RequestOption, var file] => await RunFileAsync(file),
        _ => await ExportedStep.RunAsync(arguments),
    };

    /// <summary>Reads the request from the first line of standard input; the end of that input is the parent's death.</summary>
    private static async Task<int> RunChildAsync()
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        var request = JsonSerializer.Deserialize(await input.ReadLineAsync() ?? "", StepJson.Default.StepRequest)!;
        DieWithParent(input);
        return await RunAsync(request);
    }

    private static async Task<int> RunFileAsync(string file)
    {
        var request = JsonSerializer.Deserialize(await File.ReadAllTextAsync(file), StepJson.Default.StepRequest)!;
        await using var messages = new StreamWriter(new FileStream(Kubernetes.JobFiles.MessagesOf(file), FileMode.Create, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        _messages = TextWriter.Synchronized(messages);
        return await RunAsync(request);
    }

    /// <returns>The exit code: 0 when the step is done, 1 when it failed.</returns>
    public static async Task<int> RunAsync(StepRequest request)
    {
        using var stop = new CancellationTokenSource();
        var message = await ExecuteAsync(request, stop.Token);
        Tell(message);
        return message.Done is null ? 1 : 0;
    }

    private static async Task<StepMessage> ExecuteAsync(StepRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await using var app = Build(request.Settings);
            var run = request.Run.ToRow();
            var step = app.Services.GetRequiredService<StepPlan>().For(run, request.Definition).Single(s => s.Name == request.Step);
            var folder = new RunFolder(request.Folder, request.Steps);
            var context = new StepContext(run, request.Definition, folder, request.Output ?? folder.Begin(request.Step), new Progress());
            var facts = await step.RunAsync(context, cancellationToken);
            if (request.Output is null)
            {
                await folder.CommitAsync(request.Step, cancellationToken);
            }

            return new StepMessage { Done = new StepDone(facts, [.. context.Read.Select(r => new StepRead(r.Step, r.File))]) };
        }
        catch (Exception error) when (error is OutOfMemoryException || error.InnerException is OutOfMemoryException)
        {
            return new StepMessage { Fault = new StepFault("it ran out of the memory that it may use", MayPass: false) };
        }
        catch (Exception error)
        {
            return new StepMessage { Fault = new StepFault(error.Message, StepRunner.IsTransient(error)) };
        }
    }

    /// <summary>The service's own parts, never started: no listening, no loops, no database.</summary>
    private static WebApplication Build(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults("training");
        builder.AddTraining();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new Logs());
        return builder.Build();
    }

    private static void Tell(StepMessage message)
    {
        var line = JsonSerializer.Serialize(message, StepJson.Default.StepMessage);
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
            _messages?.Write(line + '\n');
        }
    }

    private static void DieWithParent(StreamReader input) => new Thread(() =>
    {
        while (input.Read() >= 0)
        {
            // Nothing more is said; only the end matters.
        }

        Process.GetCurrentProcess().Kill();
    })
    { IsBackground = true }.Start();

    private sealed class Progress : IProgress<double>
    {
        private readonly Lock _gate = new();
        private double _told = -1;

        public void Report(double value)
        {
            lock (_gate)
            {
                if (value - _told < 0.01)
                {
                    return;
                }

                _told = value;
            }

            Tell(new StepMessage { Progress = value });
        }
    }

    private sealed class Logs : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
            // Holds nothing.
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Tell(new StepMessage { Log = formatter(state, exception) });
            }
        }
    }
}
