namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Mistakes that show up while the program composes itself, before <see cref="ServiceHost.RunServiceAsync"/> could report them.</summary>
internal static class UnhandledFailures
{
    private static int _watching;

    /// <summary>From now on such a mistake is one line on standard error and exit code 78 instead of a stack trace.</summary>
    public static void Watch(string service)
    {
        if (Interlocked.Exchange(ref _watching, 1) == 0)
        {
            AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
            {
                if (unhandled.ExceptionObject is Exception error && StartupFailureException.Explain(error) is { } line)
                {
                    Environment.Exit(ServiceHost.Fail(service, line));
                }
            };
        }
    }
}
