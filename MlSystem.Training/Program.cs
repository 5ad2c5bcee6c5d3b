using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.Training;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");
builder.AddTraining();

var app = builder.Build();
app.UseServiceDefaults();
app.MapTraining();

return await app.RunServiceAsync();
