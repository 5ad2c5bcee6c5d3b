using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.Training;
using MlSystem.Training.Executors;

if (args is [StepProcess.Command, ..])
{
    return await StepProcess.StartAsync(args[1..]);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");
builder.AddTraining();

var app = builder.Build();
app.UseServiceDefaults();
app.MapTraining();

return await app.RunServiceAsync();
